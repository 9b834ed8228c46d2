//! Giving freed memory back to the system.
//!
//! glibc keeps what is freed for later, in up to eight heaps a core, and gives back only what lies at a heap's end
//! (mallopt(3)). Every job runs on new threads, which take other heaps than the ones before, so that the memory of a job
//! after the other stays resident: after nine analyses in one process 540 MB of heaps for 43 MB in use.

/// Gives all memory that is free back to the system. To be called where much has been freed: after a job, after a clip
/// was closed.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn give_back() {
    unsafe extern "C" {
        /// malloc_trim(3).
        fn malloc_trim(pad: usize) -> std::ffi::c_int;
    }
    // SAFETY: glibc's allocator locks its heaps; whatever is in use stays as it is.
    unsafe { malloc_trim(0) };
}

/// Other systems' allocators give back by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn give_back() {}

#[cfg(all(test, target_os = "linux", target_env = "gnu"))]
mod tests {
    use std::sync::PoisonError;

    use super::*;
    use crate::engine::memory::of_this_process;
    use crate::engine::memory::tests::ALONE;

    #[test]
    fn what_was_freed_below_something_in_use_goes_back() {
        const PIECE: usize = 64 << 10;
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let mut pieces: Vec<Vec<u8>> = (0..6000).map(|_| vec![1; PIECE]).collect();
        // It lies above the others, so that the heap cannot shrink by itself.
        let above = vec![1_u8; PIECE];
        let held = of_this_process().anonymous;
        pieces.clear();
        give_back();
        let after = of_this_process().anonymous;
        assert!(after + (192 << 20) < held, "{held} before, {after} after");
        assert!(above.iter().all(|&byte| byte == 1));
    }
}
