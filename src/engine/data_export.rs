//! Writing an analysis as data: each file beside its target, whole or not at all, and a sidecar that says where it all
//! comes from.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::analysis::store_path;
use super::export::riders_of;
use super::job::Reporter;
use super::models::ModelShelf;
use super::user_models::SMPL;
use super::{AnalyzeRequest, CancelToken, EngineError, Progress};
use crate::body::BodyModel;
use crate::formats::{self, DataFormat, Dataset, Origin, SkinnedMesh};
use crate::inference::is_hmr2;
use crate::store::{AnalysisStore, ClipFingerprint};
use crate::types::smpl::{BETA_COUNT, SurfaceJoints};
use crate::types::temporary::{remove_forgotten, unfinished_file};
use crate::types::{BodyEstimate, RiderFrame, RunSummary, TrackId};
use crate::video::{self, DecodeOptions};

/// Endings of the files in a folder that are taken for clips.
const CLIP_EXTENSIONS: [&str; 10] = ["mp4", "mov", "mkv", "avi", "webm", "m4v", "mts", "mpg", "mpeg", "ts"];

/// What a data export is asked for.
#[derive(Clone, Debug)]
pub struct DataExportRequest {
    /// The analysis that is written; made first where it is not finished.
    pub analysis: AnalyzeRequest,
    /// The formats.
    pub formats: Vec<DataFormat>,
    /// The folder to write into; made where it is missing.
    pub folder: PathBuf,
    /// Everyone, not only the main rider.
    pub everyone: bool,
    /// Bodies as each frame alone gave them, not fitted over time.
    pub raw: bool,
}

/// How a data export ended.
#[derive(Clone, Debug)]
pub struct DataExportOutcome {
    /// The files written, the sidecar last.
    pub files: Vec<PathBuf>,
    /// Riders in them.
    pub riders: usize,
}

/// What lies beside the files and says how to make them again.
#[derive(Serialize)]
struct Sidecar<'a> {
    origin: &'a Origin,
    /// SHA-256 of the body model behind meshes and joints.
    body_sha256: std::collections::BTreeMap<String, String>,
    run: Option<&'a RunSummary>,
    /// Seconds of every frame, from the first.
    frame_times_s: Vec<f64>,
    /// By rider: first frame, last frame, provenance.
    provenance: serde_json::Value,
    files: Vec<WrittenFile>,
}

#[derive(Serialize)]
struct WrittenFile {
    name: String,
    format: &'static str,
    bytes: u64,
    sha256: String,
}

/// The clips of a folder, by name.
///
/// # Errors
/// When the folder cannot be read.
pub fn clips_in(folder: &Path) -> Result<Vec<PathBuf>, EngineError> {
    let failed = |cause| EngineError::Io { doing: "reading the folder", path: folder.to_owned(), cause };
    let mut clips = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        if CLIP_EXTENSIONS.contains(&&*ending) && path.is_file() {
            clips.push(path);
        }
    }
    clips.sort();
    Ok(clips)
}

/// Makes `folder` where it is missing, sees whether it can be written, and removes from it what a killed export left.
///
/// # Errors
/// When it cannot.
pub fn check_folder(folder: &Path) -> Result<(), EngineError> {
    let failed =
        |cause| EngineError::Io { doing: "writing into this folder", path: folder.to_owned(), cause };
    std::fs::create_dir_all(folder).map_err(failed)?;
    remove_forgotten(folder);
    tempfile::tempfile_in(folder).map(drop).map_err(failed)
}

/// Writes the data files of one clip; analyses it first where that has not been done.
///
/// # Errors
/// [`EngineError::Cancelled`] when `cancel` was set; files that are whole by then stay, no half-written one does.
pub fn export_data(
    request: &DataExportRequest,
    shelf: &ModelShelf,
    cancel: &CancelToken,
    reporter: &dyn Reporter,
) -> Result<DataExportOutcome, EngineError> {
    // A folder that cannot be written is better told before the analysis than after it.
    check_folder(&request.folder)?;
    let clip = video::open(&request.analysis.clip, &DecodeOptions::default())?.info().clone();
    let mut riders = riders_of(&request.analysis, request.raw, &clip, shelf, cancel, reporter)?;
    let shown: Vec<TrackId> = riders
        .tracks
        .iter()
        .map(|track| track.id)
        .filter(|id| riders.is_shown(*id, request.everyone))
        .collect();
    riders.tracks.retain(|track| shown.contains(&track.id));
    riders.frames.iter_mut().for_each(|frame| frame.retain(|rider| shown.contains(&rider.track)));
    let store = AnalysisStore::open_read_only(&store_path(&request.analysis))?;
    let run = store.summary()?;
    let origin = origin(&request.analysis.clip, &store)?;
    // Speeds and times are those of the slope, not of slow motion.
    let clip = clip.recorded_at(store.notes()?.capture_fps);
    // Of another body these vertices are other places.
    let smpl = is_hmr2(&origin.recoverer).then(|| shelf.smpl()).transpose()?;
    let on_surface = |found: &BodyEstimate| {
        let joints = smpl.as_ref().map(|body| body.surface_joints(&found.smpl, found.translation_m));
        joints.unwrap_or_default()
    };
    let data = Dataset {
        clip: &clip,
        tracks: &riders.tracks,
        frames: &riders.frames,
        run: run.as_ref(),
        origin: &origin,
        surface_joints: smpl.as_ref().map(|_| &on_surface as &dyn Fn(&BodyEstimate) -> SurfaceJoints),
    };
    let with_body: Vec<TrackId> =
        riders.tracks.iter().map(|track| track.id).filter(|id| has_body(&riders.frames, *id)).collect();
    let for_bodies: Vec<&str> =
        request.formats.iter().filter(|format| format.needs_bodies()).map(|format| format.name()).collect();
    if with_body.is_empty() && !for_bodies.is_empty() {
        return Err(EngineError::NoBodies {
            clip: request.analysis.clip.clone(),
            formats: for_bodies.join(", "),
        });
    }

    let body = shelf.body_of(&origin.recoverer)?;
    let mesh = |rider: TrackId| skinned(&body, &mean_betas(&riders.frames, rider));
    let stem = request.analysis.clip.file_stem().unwrap_or_default().to_os_string();
    let named = |suffix: &str| {
        let mut name = stem.clone();
        name.push(suffix);
        request.folder.join(name)
    };
    let mut outcome = DataExportOutcome { files: Vec::new(), riders: riders.tracks.len() };
    let mut written = Vec::new();
    let mut put = |format: DataFormat, path: PathBuf, fill: &dyn Fn(&mut dyn Write) -> io::Result<()>| {
        if cancel.is_cancelled() {
            return Err(EngineError::Cancelled);
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let stage = format!("writing {name}");
        reporter.progress(Progress { stage, ..Progress::default() });
        let (bytes, sha256) = write_whole(&path, fill)?;
        written.push(WrittenFile { name, format: format.name(), bytes, sha256 });
        outcome.files.push(path);
        Ok(())
    };
    for format in DataFormat::ALL.into_iter().filter(|format| request.formats.contains(format)) {
        if format.is_per_rider() {
            for &rider in &with_body {
                let path = named(&format!("-rider{}.{}", rider.0, format.extension()));
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                put(format, path, &|out| formats::write_rider(format, &data, rider, &name, out))?;
            }
        } else {
            put(format, named(&format!(".{}", format.extension())), &|out| {
                formats::write_all(format, &data, &mesh, out)
            })?;
        }
    }
    let sidecar = Sidecar {
        origin: &origin,
        body_sha256: match smpl {
            Some(_) => shelf.hashes(&[SMPL])?,
            None => shelf.hashes(&[body.name()])?,
        },
        run: run.as_ref(),
        frame_times_s: (0..clip.frames.len()).map(|frame| clip.frames.seconds(frame)).collect(),
        provenance: formats::provenance_runs(&data),
        files: written,
    };
    let path = named(".provenance.json");
    write_whole(&path, &|out| Ok(serde_json::to_writer_pretty(out, &sidecar)?))?;
    outcome.files.push(path);
    Ok(outcome)
}

fn origin(clip: &Path, store: &AnalysisStore) -> Result<Origin, EngineError> {
    let fingerprint: ClipFingerprint = store.clip()?;
    let key = store.run_key()?;
    Ok(Origin {
        program: env!("CARGO_PKG_NAME").into(),
        version: env!("CARGO_PKG_VERSION").into(),
        clip: clip.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        clip_bytes: fingerprint.size_bytes,
        clip_sha256_of_samples: fingerprint.content_sha256_of_samples,
        detector: key.detector,
        recoverer: key.recoverer,
        thresholds: key.thresholds,
        model_sha256: key.model_sha256,
        algorithm_version: key.algorithm_version,
    })
}

fn has_body(frames: &[Vec<RiderFrame>], rider: TrackId) -> bool {
    frames.iter().flatten().any(|state| state.track == rider && state.body.is_some())
}

/// The mean shape of a rider over the clip.
fn mean_betas(frames: &[Vec<RiderFrame>], rider: TrackId) -> [f32; BETA_COUNT] {
    let bodies =
        frames.iter().flatten().filter(|state| state.track == rider).filter_map(|state| state.body.as_ref());
    let (mut sum, mut count) = ([0.0_f32; BETA_COUNT], 0.0_f32);
    for body in bodies {
        sum.iter_mut().zip(&body.smpl.betas).for_each(|(sum, beta)| *sum += beta);
        count += 1.0;
    }
    sum.map(|sum| sum / count.max(1.0))
}

/// The body of this shape as a skinned mesh.
fn skinned(body: &BodyModel, betas: &[f32; BETA_COUNT]) -> SkinnedMesh {
    let mut mesh = SkinnedMesh {
        vertices: body.rest_vertices(betas),
        triangles: body.triangles().to_vec(),
        rest_joints: body.rest_joints(betas),
        ..SkinnedMesh::default()
    };
    for vertex in 0..body.vertex_count() {
        mesh.push_influences(&mut body.skin_weights(vertex).collect::<Vec<_>>());
    }
    mesh
}

/// Counts and hashes what passes through.
struct Hashing<'a> {
    inner: &'a File,
    hash: Sha256,
    bytes: u64,
}

impl Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.hash.update(&bytes[..count]);
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Writes `path` beside its place, then puts it there: whenever the process ends, the old file or the new one is
/// there. Gives its length and SHA-256.
fn write_whole(
    path: &Path,
    fill: &dyn Fn(&mut dyn Write) -> io::Result<()>,
) -> Result<(u64, String), EngineError> {
    let attempt = || -> io::Result<(u64, String)> {
        let folder = path.parent().unwrap_or(Path::new("."));
        let file = unfinished_file(folder, "")?;
        let mut hashing = Hashing { inner: file.as_file(), hash: Sha256::new(), bytes: 0 };
        // The writers hand on a few bytes at a time.
        let mut out = BufWriter::with_capacity(1 << 16, &mut hashing);
        fill(&mut out)?;
        out.flush()?;
        drop(out);
        let Hashing { hash, bytes, .. } = hashing;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        // The name is on disk only once its folder is; where folders cannot be synced the file itself is still whole.
        if let Ok(folder) = File::open(folder) {
            let _ = folder.sync_all();
        }
        Ok((bytes, hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()))
    };
    attempt().map_err(|cause| EngineError::Io { doing: "writing it", path: path.to_owned(), cause })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_fails_half_way_leaves_the_old_one_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ä b.csv");
        let (bytes, sha256) = write_whole(&path, &|out| out.write_all(b"abc")).unwrap();
        assert_eq!(bytes, 3);
        // printf abc | sha256sum
        assert_eq!(sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        let failed = write_whole(&path, &|out| {
            out.write_all(&[b'x'; 1 << 20])?;
            Err(io::ErrorKind::StorageFull.into())
        });
        let message = failed.unwrap_err().to_string();
        assert!(message.contains("ä b.csv"), "{message}");
        assert_eq!(std::fs::read(&path).unwrap(), b"abc");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
