//! Devices are tried by the program itself, as a child.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;
use std::process::{Command, Output};

use snowmesh::inference::Runtime;
use snowmesh::types::Device;

/// Runs snowmesh with settings of its own.
fn snowmesh(home: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_snowmesh"))
        .args(arguments)
        .env("XDG_CONFIG_HOME", home)
        .env("XDG_DATA_HOME", home)
        .output()
        .unwrap()
}

#[test]
fn a_device_is_tried_in_a_process_of_its_own_and_what_cannot_be_had_is_told() {
    let home = tempfile::tempdir().unwrap();
    let runtime = match Runtime::start(None) {
        Ok(runtime) => runtime,
        Err(error) => return println!("skipped: {error}"),
    };
    assert!(snowmesh(home.path(), &["prove-device", "cpu"]).status.success());
    let Some(absent) = Device::kinds().find(|device| !runtime.offers().contains(device)) else { return };
    let refused = snowmesh(home.path(), &["prove-device", &absent.to_string()]);
    assert_eq!(refused.status.code(), Some(5));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("not in this ONNX Runtime build"));

    std::fs::create_dir(home.path().join("snowmesh")).unwrap();
    let settings = format!(r#"{{"models":{{"detector_device":"{absent}"}}}}"#);
    std::fs::write(home.path().join("snowmesh/settings.json"), settings).unwrap();
    let listed = snowmesh(home.path(), &["models", "list", "--format", "json"]);
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    let device_of = |id: &str| {
        let model = listed.as_array().unwrap().iter().find(|model| model["id"] == id).unwrap();
        (model["device"]["requested"].clone(), model["device"]["effective"].clone())
    };
    assert_eq!(device_of("nanodet"), (absent.to_string().into(), serde_json::Value::Null));
    assert_eq!(device_of("landmark-fit"), ("cpu".into(), "cpu".into()));
}
