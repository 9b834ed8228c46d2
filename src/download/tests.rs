//! Files on their way, without a network.

use super::*;

/// SHA-256 of "abc", from FIPS 180-4.
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

#[test]
fn a_file_is_taken_up_where_it_broke_off_and_named_when_it_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("new/folder/abc.bin");
    let mut part = Part::open(&target).unwrap();
    part.restart(Some("v1".to_owned())).unwrap();
    part.append(b"ab").unwrap();
    drop(part);
    let mut part = Part::open(&target).unwrap();
    assert_eq!((part.bytes(), part.version()), (2, Some("v1")));
    part.append(b"c").unwrap();
    assert!(!target.exists());
    assert_eq!(part.finish(Expected { bytes: Some(3), sha256: Some(ABC) }).unwrap(), ABC);
    assert_eq!(std::fs::read(&target).unwrap(), b"abc");
    assert_eq!(std::fs::read_dir(target.parent().unwrap()).unwrap().count(), 1, "nothing else is left");
}

#[test]
fn wrong_bytes_are_not_kept_and_a_new_start_forgets_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("abc.bin");
    let mut part = Part::open(&target).unwrap();
    part.append(b"xyzxyz").unwrap();
    let refused = part.finish(Expected { bytes: None, sha256: Some(ABC) }).unwrap_err();
    assert!(matches!(refused, DownloadError::WrongBytes { .. }));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let mut part = Part::open(&target).unwrap();
    part.append(b"rubbish").unwrap();
    part.restart(None).unwrap();
    part.append(b"abc").unwrap();
    assert_eq!(part.finish(Expected::default()).unwrap(), ABC);
}
