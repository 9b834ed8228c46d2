//! The builds of ONNX Runtime that the project is tested with.

use super::Flavour;

/// One build of ONNX Runtime, as it lies in a wheel of the Python package index.
///
/// The wheels for Python 3.11 are taken on every machine: only the library in them is used, and one wheel a
/// platform means one checksum a platform.
#[derive(Debug)]
pub struct Build {
    flavour: Flavour,
    os: &'static str,
    arch: &'static str,
    /// The package and its version.
    pub requirement: &'static str,
    /// The platform tag of its wheel.
    pub wheel_tag: &'static str,
    /// The library in the wheel.
    pub library: &'static str,
    /// The name under which the application looks for it.
    pub alias: &'static str,
    /// SHA-256 of the library, taken from `onnxruntime/capi/` in the wheel; the wheel's own `RECORD` states
    /// the same number in base64.
    pub sha256: &'static str,
    /// For a build that the application does not take by itself: what else it needs.
    pub advice: Option<&'static str>,
}

impl Build {
    /// The folder of `runtime/` that holds it.
    pub fn folder(&self) -> &'static str {
        match self.flavour {
            Flavour::Cpu => "onnxruntime",
            Flavour::Gpu => "onnxruntime-gpu",
        }
    }
}

static BUILDS: [Build; 4] = [
    Build {
        flavour: Flavour::Cpu,
        os: "linux",
        arch: "x86_64",
        requirement: "onnxruntime==1.32.0",
        wheel_tag: "manylinux_2_28_x86_64",
        library: "libonnxruntime.so.1.32.0",
        alias: "libonnxruntime.so",
        sha256: "6c1585d1bbf45b0712ea4a21b705c5fcb4ba04ff2e30f1fbf81a49faf658638f",
        advice: None,
    },
    Build {
        flavour: Flavour::Cpu,
        os: "linux",
        arch: "aarch64",
        requirement: "onnxruntime==1.32.0",
        wheel_tag: "manylinux_2_28_aarch64",
        library: "libonnxruntime.so.1.32.0",
        alias: "libonnxruntime.so",
        sha256: "49852228a93995158b2a813d4df487d47a1b76b0eaa894507ef49e91b6d7954a",
        advice: None,
    },
    Build {
        flavour: Flavour::Cpu,
        os: "macos",
        arch: "aarch64",
        requirement: "onnxruntime==1.32.0",
        wheel_tag: "macosx_14_0_arm64",
        library: "libonnxruntime.1.32.0.dylib",
        alias: "libonnxruntime.dylib",
        sha256: "fa585fabbea65b823b9a8f7e27d46aee3989d1be7e36b528203d3a1fd613aae7",
        advice: None,
    },
    // The newest release that has a GPU package.
    Build {
        flavour: Flavour::Gpu,
        os: "linux",
        arch: "x86_64",
        requirement: "onnxruntime-gpu==1.31.1",
        wheel_tag: "manylinux_2_28_x86_64",
        library: "libonnxruntime.so.1.31.1",
        alias: "libonnxruntime.so",
        sha256: "5104254339ecadae808da771bd0b63b240f0dbd466514234905e54372435c303",
        advice: Some("CUDA 13 and cuDNN 9 have to be installed"),
    },
];

/// The build for this machine, if there is one.
pub fn build(flavour: Flavour) -> Option<&'static Build> {
    BUILDS.iter().find(|build| {
        build.flavour == flavour && build.os == std::env::consts::OS && build.arch == std::env::consts::ARCH
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_build_is_whole() {
        for build in &BUILDS {
            let version = build.requirement.split("==").nth(1).expect("a pinned version");
            assert!(build.library.contains(version), "{build:?}");
            assert!(build.sha256.len() == 64 && build.sha256.bytes().all(|b| b.is_ascii_hexdigit()));
        }
    }
}
