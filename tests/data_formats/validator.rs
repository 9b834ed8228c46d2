//! GLB in the hands of Khronos' own validator, where npm can be had.

use std::process::Command;

use snowmesh::formats::DataFormat;

use super::common::root;
use super::sample::Sample;
use super::written;

const SCRIPT: &str = "
const issues = report => console.log(JSON.stringify(report.issues));
require('gltf-validator').validateBytes(new Uint8Array(require('fs').readFileSync(process.argv[1]))).then(issues);
";

#[test]
fn khronos_validator_finds_nothing_wrong_with_a_glb() {
    let home = root().join("target/test-node");
    let modules = home.join("node_modules");
    if !modules.join("gltf-validator").is_dir() {
        let installed = std::fs::create_dir_all(&home).is_ok()
            && Command::new("npm")
                .args(["install", "--no-audit", "--no-fund", "--fetch-retries", "0", "--prefix"])
                .arg(&home)
                .arg("gltf-validator@2.0.0-dev.3.10")
                .output()
                .is_ok_and(|output| output.status.success());
        if !installed {
            println!("skipped: npm is not there or cannot install gltf-validator");
            return;
        }
    }
    let sample = Sample::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.glb");
    std::fs::write(&path, written(&sample, DataFormat::Glb)).unwrap();
    let output =
        Command::new("node").env("NODE_PATH", &modules).args(["-e", SCRIPT]).arg(&path).output().unwrap();
    let report = String::from_utf8_lossy(&output.stdout);
    let issues: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!((&issues["numErrors"], &issues["numWarnings"]), (&0.into(), &0.into()), "{report}");
}
