//! Taking results in: what was written reads back, and no file makes the program do anything.

use std::io::Write;

use glam::Quat;
use sha2::{Digest, Sha256};
use snowmesh::formats::{DataFormat, FormatError, Imported, import};
use snowmesh::types::Provenance;

use super::common::{demo_copy, run};
use super::sample::{FRAMES, Sample};
use super::{known, written};

fn is_the_sample(imported: &Imported, sample: &Sample) {
    for rider in [1, 2] {
        let of_rider = imported
            .frames
            .iter()
            .filter_map(|(frame, riders)| Some((*frame, riders.iter().find(|found| found.track == rider)?)));
        let found: Vec<_> = of_rider.collect();
        let frames: Vec<u64> = found.iter().map(|(frame, _)| *frame).collect();
        assert_eq!(frames, known(sample, rider));
        for (frame, found) in found {
            let body = sample.body_of(frame, rider).unwrap();
            let apart = |a: Quat, b: Quat| a.normalize().angle_between(b.normalize());
            assert!(apart(found.smpl.global_orient, body.smpl.global_orient) < 2e-3);
            for (a, b) in found.smpl.body_pose.iter().zip(&body.smpl.body_pose) {
                assert!(apart(*a, *b) < 2e-3);
            }
            assert_eq!(found.smpl.betas, body.smpl.betas);
            assert_eq!(found.translation_m, body.translation_m);
            assert_eq!(found.focal_px, Some(700.0));
            let interpolated = found.provenance == Provenance::Interpolated;
            assert_eq!(interpolated, frame % 5 == 3);
            assert!((found.bbox.unwrap().max.y - 200.25).abs() < 1e-3);
        }
    }
    assert_eq!(imported.picture_px, Some((640, 360)));
}

#[test]
fn npz_and_pickle_read_back_also_compressed() {
    let sample = Sample::new();
    is_the_sample(&import(&written(&sample, DataFormat::Npz)).unwrap(), &sample);
    let pickle = written(&sample, DataFormat::Phalp);
    is_the_sample(&import(&pickle).unwrap(), &sample);
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(3));
    zlib.write_all(&pickle).unwrap();
    is_the_sample(&import(&zlib.finish().unwrap()).unwrap(), &sample);
}

#[test]
fn a_pickle_that_asks_for_code_is_refused_by_name() {
    // pickle.dumps of an object whose __reduce__ is (os.system, ("touch x",)), protocols 0 and 4.
    let old = b"cposix\nsystem\n(Vtouch x\ntR.".to_vec();
    let new = b"\x80\x04\x95\x1f\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x07touch x\x94\x85\x94R\x94.".to_vec();
    let eval = b"c__builtin__\neval\n.".to_vec();
    let hidden_in_numpy = b"cnumpy.core.multiarray\nfrombuffer\n.".to_vec();
    for (bytes, name) in [
        (old, "posix.system"),
        (new, "posix.system"),
        (eval, "__builtin__.eval"),
        (hidden_in_numpy, "numpy.core.multiarray.frombuffer"),
    ] {
        let error = import(&bytes).unwrap_err();
        assert!(matches!(&error, FormatError::Unsafe { name: found } if found == name), "{error}");
    }
}

/// A small generator (Numerical Recipes' constants): the same bytes in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

#[test]
fn no_bytes_make_it_panic() {
    let mut dice = Dice(9);
    let opcodes =
        b"\x80\x95(012N\x88\x89KMJ\x8aG\x8cX\x8dCBUT\x8e\x96]})tld\x85\x86\x87aesuqr\x94hjc\x93R\x81b\x98.";
    for _ in 0..20_000 {
        let mut bytes: Vec<u8> = vec![0x80, 4];
        for _ in 0..dice.roll(60) {
            // Opcodes and small numbers keep the machine going longer than noise does.
            bytes.push(if dice.roll(3) > 0 {
                opcodes[dice.roll(opcodes.len())]
            } else {
                dice.roll(256) as u8
            });
        }
        bytes.push(b'.');
        drop(import(&bytes));
    }
    let sample = Sample::new();
    for whole in [written(&sample, DataFormat::Phalp), written(&sample, DataFormat::Npz)] {
        for _ in 0..150 {
            let mut bytes = whole.clone();
            for _ in 0..=dice.roll(4) {
                let at = dice.roll(bytes.len().min(4000));
                bytes[at] = dice.roll(256) as u8;
            }
            bytes.truncate(dice.roll(whole.len()) + 1);
            drop(import(&bytes));
        }
    }
    // An array that promises 2^50 rows.
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("poses.npy", zip::write::SimpleFileOptions::default()).unwrap();
    let header =
        format!("{:<117}\n", "{'descr': '<f4', 'fortran_order': False, 'shape': (1125899906842624, 72), }");
    zip.write_all(&[b"\x93NUMPY\x01\x00\x76\x00", header.as_bytes()].concat()).unwrap();
    let vast = zip.finish().unwrap().into_inner();
    assert!(matches!(import(&vast), Err(FormatError::Malformed(_))));
    // Nesting that would overflow the stack of a reader that follows it, and a list that holds itself.
    let deep = [&b"\x80\x04"[..], &b"]".repeat(1_000_000), &b"a".repeat(999_999), b"."].concat();
    assert!(matches!(import(&deep), Err(FormatError::Malformed(_))));
    let own = b"\x80\x04}(\x8c\x01a}(\x8c\x04smpl](}(\x8c\x05betas]\x94h\x00auee.".to_vec();
    drop(import(&own));
}

#[test]
fn an_imported_result_is_exported_again_with_its_sidecar() {
    let sample = Sample::new();
    let folder = tempfile::tempdir().unwrap();
    let clip = demo_copy(folder.path());
    let file = folder.path().join("demo_demo.pkl");
    std::fs::write(&file, written(&sample, DataFormat::Phalp)).unwrap();
    let (exit, _, stderr) = run(folder.path(), &["import".as_ref(), file.as_os_str()]);
    assert_eq!(exit, Some(0), "{stderr}");
    let (exit, _, stderr) = run(folder.path(), &["import".as_ref(), file.as_os_str()]);
    assert_eq!(exit, Some(1), "an analysis is not replaced unasked: {stderr}");
    assert!(stderr.contains("--restart"), "{stderr}");

    let out = folder.path().join("Daten, „roh“");
    let all = "csv,json,npz,phalp,bvh,trc,c3d,glb";
    let export = |format: &str, riders: &str| {
        run(
            folder.path(),
            &[
                "export".as_ref(),
                clip.as_os_str(),
                "--format".as_ref(),
                format.as_ref(),
                "-o".as_ref(),
                out.as_os_str(),
                "--riders".as_ref(),
                riders.as_ref(),
            ],
        )
    };
    let (exit, _, stderr) = export(all, "all");
    assert_eq!(exit, Some(0), "{stderr}");
    let sidecar: serde_json::Value =
        serde_json::from_slice(&std::fs::read(out.join("demo.provenance.json")).unwrap()).unwrap();
    let files = sidecar["files"].as_array().unwrap();
    assert_eq!(files.len(), 10, "two riders have a BVH and a TRC each");
    for file in files {
        let bytes = std::fs::read(out.join(file["name"].as_str().unwrap())).unwrap();
        let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(file["sha256"], digest);
    }
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), files.len() + 1, "nothing else is left there");
    let imported = import(&std::fs::read(out.join("demo.npz")).unwrap()).unwrap();
    let riders: usize = imported.frames.values().map(Vec::len).sum();
    assert_eq!(riders, known(&sample, 1).len() + known(&sample, 2).len());
    assert!(imported.frames.keys().all(|frame| *frame < FRAMES));

    for (format, riders, code, says) in [("csv,pdf", "all", 2, "pdf"), ("csv", "nobody", 2, "nobody")] {
        let (exit, _, stderr) = export(format, riders);
        assert_eq!(exit, Some(code), "{stderr}");
        assert!(stderr.contains(says), "{stderr}");
    }
}
