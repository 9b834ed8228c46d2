//! ONNX Runtime's library is loaded once per process, so what happens before and after that is told in one test.

use std::path::Path;
use std::process::Command;

use snowmesh::inference::{InferenceError, Runtime};

/// A library with ONNX Runtime's entry point that calls itself 1.3.0; `None` where there is no C compiler.
fn old_library(folder: &Path) -> Option<std::path::PathBuf> {
    const SOURCE: &str = r#"
        struct base { const void *(*get_api)(unsigned); const char *(*get_version)(void); };
        static const void *get_api(unsigned version) { (void)version; return 0; }
        static const char *get_version(void) { return "1.3.0"; }
        static const struct base base = { get_api, get_version };
        const struct base *OrtGetApiBase(void) { return &base; }
    "#;
    let (source, library) = (folder.join("old.c"), folder.join("libonnxruntime_old.so"));
    std::fs::write(&source, SOURCE).ok()?;
    let built = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).status();
    built.is_ok_and(|status| status.success()).then_some(library)
}

#[test]
fn a_library_that_cannot_be_used_is_an_error_until_a_good_one_is_found() {
    let folder = tempfile::tempdir().unwrap();

    let absent = folder.path().join("libonnxruntime.so");
    let error = Runtime::start(Some(&absent)).unwrap_err();
    assert!(matches!(error, InferenceError::RuntimeMissing { .. }), "{error}");
    let message = error.to_string();
    assert!(message.contains(absent.to_str().unwrap()) && message.contains("cargo xtask setup"), "{message}");
    assert!(message.contains("ORT_DYLIB_PATH"), "{message}");

    let garbage = folder.path().join("garbage.so");
    std::fs::write(&garbage, b"not a library").unwrap();
    let error = Runtime::start(Some(&garbage)).unwrap_err();
    assert!(matches!(&error, InferenceError::RuntimeUnusable { path, .. } if *path == garbage), "{error}");

    match old_library(folder.path()) {
        Some(old) => {
            let error = Runtime::start(Some(&old)).unwrap_err();
            assert!(
                matches!(&error, InferenceError::RuntimeTooOld { found, .. } if found == "1.3.0"),
                "{error}"
            );
        }
        None => println!("skipped: an old library, for want of a C compiler"),
    }

    let runtime = match Runtime::start(None) {
        Ok(runtime) => runtime,
        Err(error) => return println!("skipped: {error}"),
    };
    assert!(runtime.version().starts_with("1."), "{}", runtime.version());
    let again = Runtime::start(Some(&absent)).unwrap();
    assert_eq!(again.library_path(), runtime.library_path());
}
