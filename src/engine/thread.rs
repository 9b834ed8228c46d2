//! Named threads: a crash report or a profiler then says which one it was.

use std::thread::{Builder, JoinHandle, Scope, ScopedJoinHandle};

use super::error::EngineError;

/// Starts a named thread of its own.
///
/// # Errors
/// When the system has no thread left to give.
pub fn spawn<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, EngineError> {
    Builder::new().name(name.into()).spawn(work).map_err(EngineError::NoThread)
}

/// Starts a named thread that ends before `scope` does.
///
/// # Errors
/// When the system has no thread left to give.
pub fn spawn_scoped<'scope, 'env, T: Send + 'scope>(
    scope: &'scope Scope<'scope, 'env>,
    name: &str,
    work: impl FnOnce() -> T + Send + 'scope,
) -> Result<ScopedJoinHandle<'scope, T>, EngineError> {
    Builder::new().name(name.into()).spawn_scoped(scope, work).map_err(EngineError::NoThread)
}
