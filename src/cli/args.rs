//! The flags.

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::compare::CompareArgs;
use super::devices::ProveDeviceArgs;
use super::doctor::DoctorArgs;
use super::evaluate::EvaluateArgs;
use super::footprint::FootprintArgs;
use super::import::ImportArgs;
use super::memory_args::MemoryArgs;
use super::model_benchmark::BenchmarkArgs;
use super::model_files::{FetchArgs, ImportModelArgs, RemoveArgs, VerifyArgs};
use super::stills::StillArgs;
use super::tracks::TracksArgs;
use super::video_args::VideoArgs;
use crate::engine::{AnalyzeRequest, DataFormat};
use crate::settings::{ModelSettings, Settings};
use crate::types::{BBox, Device, OverlayStyle};

/// Plays a snowboarding clip, finds the rider, draws his body as a mesh over the picture and exports it.
///
/// Without a subcommand the window opens, on CLIP where one is given.
#[derive(Debug, Parser)]
#[command(name = "snowmesh", version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The window's own arguments.
    #[command(flatten)]
    pub window: WindowArgs,
    /// ONNX Runtime library to use instead of the one found.
    #[arg(long, global = true, value_name = "FILE", env = "ORT_DYLIB_PATH", hide_env_values = true)]
    pub onnxruntime: Option<PathBuf>,
    /// Models folder to use instead of the one found.
    #[arg(
        long = "models-dir",
        global = true,
        value_name = "DIR",
        env = "SNOWMESH_MODELS",
        hide_env_values = true
    )]
    pub models: Option<PathBuf>,
    /// Folder of your own models (HMR2, SMPL) instead of `models` in your data folder.
    #[arg(
        long = "user-models-dir",
        global = true,
        value_name = "DIR",
        env = "SNOWMESH_USER_MODELS",
        hide_env_values = true
    )]
    pub user_models: Option<PathBuf>,
}

/// What the window is started with.
#[derive(Debug, Args)]
pub struct WindowArgs {
    /// Clip to open.
    pub clip: Option<PathBuf>,
}

/// What to do without the window.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Find, track and recover the riders of clips.
    Analyze(AnalyzeArgs),
    /// Write the annotated clip, or with --format its data, analysing it first where that has not been done.
    Export(ExportArgs),
    /// Take in a PHALP result or npz of SMPL parameters as the analysis of a clip.
    Import(ImportArgs),
    /// Print what is known of a clip.
    Inspect(InspectArgs),
    /// List the riders of a clip, or change who is who.
    Tracks(TracksArgs),
    /// Hold an analysis against the truth.
    Evaluate(EvaluateArgs),
    /// Compare detectors on a clip, or on labelled pictures.
    Compare(CompareArgs),
    /// List, bring, check or remove models.
    Models(ModelsArgs),
    /// Check what this machine has for snowmesh.
    Doctor(DoctorArgs),
    /// Try a device; a provider may end the process.
    #[command(hide = true)]
    ProveDevice(ProveDeviceArgs),
}

/// How progress is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProgressStyle {
    /// A bar on standard error.
    Bar,
    /// One JSON object a line on standard output.
    Json,
    /// Nothing.
    None,
}

/// Models and devices; what is not given comes from the saved settings.
#[derive(Debug, Args)]
pub struct ModelArgs {
    /// Detector: nanodet, movenet-multipose, or the id of one of your own.
    #[arg(long, value_name = "ID")]
    pub detector: Option<String>,
    /// Recoverer: landmark-fit, or hmr2 (also hmr2-fp16, hmr2-int8) with your own weights.
    #[arg(long, value_name = "ID")]
    pub recoverer: Option<String>,
    /// Classes of the detector that count as riders, by name or number; person without it.
    #[arg(long, value_delimiter = ',', value_name = "LIST")]
    pub classes: Vec<String>,
    /// Part of the picture that the detector looks at: LEFT,TOP,RIGHT,BOTTOM from 0 to 1.
    #[arg(long, value_name = "L,T,R,B", value_parser = part)]
    pub roi: Option<BBox>,
    /// Device for the detector: cpu, cuda, tensorrt, directml, coreml, openvino or webgpu; cuda:N is another GPU.
    #[arg(long, value_name = "DEVICE")]
    pub detector_device: Option<Device>,
    /// Device for the recoverer.
    #[arg(long, value_name = "DEVICE")]
    pub recoverer_device: Option<Device>,
    /// Lowest detector score that counts, 0 to 1; each detector has one of its own.
    #[arg(long, value_name = "SCORE", value_parser = unit_interval)]
    pub threshold: Option<f32>,
    /// Let the detector look at every N-th frame, 1 for all: people are followed in between, and looked for where they
    /// are lost.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=30))]
    pub detect_every: Option<u32>,
    /// Take landmarks from the mirror image too: the mesh nearer to the rider, a third slower.
    #[arg(long)]
    pub precise: bool,
}

impl ModelArgs {
    /// The settings that result: flags over `saved`.
    pub fn resolve(&self, saved: &ModelSettings) -> ModelSettings {
        let mut models = saved.clone();
        if let Some(detector) = &self.detector {
            models.detector.clone_from(detector);
        }
        if let Some(recoverer) = &self.recoverer {
            models.recoverer.clone_from(recoverer);
        }
        if !self.classes.is_empty() {
            models.detector_classes.clone_from(&self.classes);
        }
        models.detector_part = self.roi.or(models.detector_part);
        models.detector_device = self.detector_device.unwrap_or(models.detector_device);
        models.recoverer_device = self.recoverer_device.unwrap_or(models.recoverer_device);
        models.detection_threshold = self.threshold.or(models.detection_threshold);
        models.detect_every = self.detect_every.unwrap_or(models.detect_every);
        models.precise |= self.precise;
        models
    }

    /// Whether any flag was given.
    pub fn is_given(&self) -> bool {
        self.detector.is_some()
            || self.recoverer.is_some()
            || !self.classes.is_empty()
            || self.roi.is_some()
            || self.detector_device.is_some()
            || self.recoverer_device.is_some()
            || self.threshold.is_some()
            || self.detect_every.is_some()
            || self.precise
    }
}

/// How a clip is analysed, and how that is told.
#[derive(Debug, Args)]
pub struct AnalysisArgs {
    /// Models and devices.
    #[command(flatten)]
    pub models: ModelArgs,
    /// Memory.
    #[command(flatten)]
    pub memory: MemoryArgs,
    /// Analysis file instead of CLIP.snowmesh beside the clip.
    #[arg(long, value_name = "FILE")]
    pub store: Option<PathBuf>,
    /// Start over, whatever the analysis file holds.
    #[arg(long)]
    pub restart: bool,
    /// How to tell progress; a bar on a terminal, nothing elsewhere.
    #[arg(long, value_enum)]
    pub progress: Option<ProgressStyle>,
}

impl AnalysisArgs {
    /// What is asked of the engine for `clip`: flags over `saved`. A finished analysis will do unless models are named.
    pub fn request(&self, clip: &Path, saved: &Settings) -> AnalyzeRequest {
        AnalyzeRequest {
            clip: clip.to_owned(),
            store: self.store.clone(),
            models: self.models.resolve(&saved.models),
            memory: self.memory.resolve(&saved.memory),
            restart: self.restart,
            accept_existing: !self.models.is_given(),
        }
    }
}

/// Flags of `analyze`.
#[derive(Debug, Args)]
pub struct AnalyzeArgs {
    /// Clips to analyse.
    #[arg(required = true, value_name = "CLIP")]
    pub clips: Vec<PathBuf>,
    /// Print how each clip would be analysed within the memory there is, and do nothing.
    #[arg(long)]
    pub plan: bool,
    /// Take models and memory from standard input and stop when it ends: how the window runs an analysis.
    #[arg(long, hide = true, conflicts_with = "plan")]
    pub worker: bool,
    /// How the clip is analysed.
    #[command(flatten)]
    pub analysis: AnalysisArgs,
}

/// Flags of `export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The clip; with --format also a folder of clips.
    pub clip: PathBuf,
    /// Video to write: .mp4, .mov, .mkv or .webm; with --format the folder to write into.
    #[arg(short, long, value_name = "FILE", required_unless_present = "matte")]
    pub output: Option<PathBuf>,
    /// What to draw: mesh, texture (the mesh in the rider's own colours),
    /// doubt (the mesh faded where it is guessed), wireframe, skeleton, boxes, labels (names),
    /// trails, joint-trails, angles, clock; or none. Mesh where nothing is said.
    #[arg(long, value_delimiter = ',', value_name = "LIST")]
    pub overlay: Vec<OverlayPart>,
    /// Opacity of the mesh, 0 to 1.
    #[arg(long, value_name = "X", value_parser = unit_interval)]
    pub opacity: Option<f32>,
    /// Whom to draw.
    #[arg(long, value_enum, default_value_t = Riders::Main)]
    pub riders: Riders,
    /// Take bodies as each frame alone gave them, not fitted over time.
    #[arg(long)]
    pub raw: bool,
    /// Folder for one 8-bit grey PNG a frame, 255 where a mesh covers.
    #[arg(long, value_name = "DIR")]
    pub matte: Option<PathBuf>,
    /// Data to write instead of a video: csv, parquet, json, npz, phalp, bvh, trc, c3d, glb.
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "LIST",
        conflicts_with_all = ["matte", "overlay", "opacity"]
    )]
    pub format: Vec<DataFormat>,
    /// Single pictures in place of a video.
    #[command(flatten)]
    pub stills: StillArgs,
    /// How the video is made.
    #[command(flatten)]
    pub video: VideoArgs,
    /// Take the rest from standard input and stop when it ends: how the window exports.
    #[arg(long, hide = true)]
    pub worker: bool,
    /// How the clip is analysed.
    #[command(flatten)]
    pub analysis: AnalysisArgs,
}

impl ExportArgs {
    /// What is drawn.
    pub fn overlay_style(&self, saved: &OverlayStyle) -> OverlayStyle {
        // The chrono picture shows the rider himself.
        let usual = self.overlay.is_empty() && self.stills.chrono.is_empty();
        let has = |part| self.overlay.contains(&part) || (usual && part == OverlayPart::Mesh);
        OverlayStyle {
            mesh: has(OverlayPart::Mesh) || has(OverlayPart::Texture) || has(OverlayPart::Doubt),
            textured: has(OverlayPart::Texture),
            doubt: has(OverlayPart::Doubt),
            wireframe: has(OverlayPart::Wireframe),
            skeleton: has(OverlayPart::Skeleton),
            boxes: has(OverlayPart::Boxes),
            labels: has(OverlayPart::Labels),
            masks: has(OverlayPart::Masks),
            trails: has(OverlayPart::Trails),
            joint_trails: has(OverlayPart::JointTrails),
            angles: has(OverlayPart::Angles),
            clock: has(OverlayPart::Clock),
            others: self.riders == Riders::All,
            raw: self.raw,
            opacity: self.opacity.unwrap_or(saved.opacity),
            ..*saved
        }
    }
}

/// A part of the overlay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "each is a field of OverlayStyle, documented there")]
pub enum OverlayPart {
    Mesh,
    Texture,
    Doubt,
    Wireframe,
    Skeleton,
    Boxes,
    Labels,
    Masks,
    Trails,
    JointTrails,
    Angles,
    Clock,
    /// Nothing at all.
    None,
}

/// Whom an export draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Riders {
    /// The rider whom the clip is about.
    Main,
    /// Everyone.
    All,
}

/// Flags of `inspect`.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// The clip.
    pub clip: PathBuf,
    /// Analysis file instead of CLIP.snowmesh beside the clip.
    #[arg(long, value_name = "FILE")]
    pub store: Option<PathBuf>,
    /// Tell bodies as each frame alone gave them, not fitted over time.
    #[arg(long)]
    pub raw: bool,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// How a result is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Flags of `models`.
#[derive(Debug, Args)]
pub struct ModelsArgs {
    /// What to do.
    #[command(subcommand)]
    pub action: ModelsAction,
}

/// What to do with the models.
#[derive(Debug, Subcommand)]
pub enum ModelsAction {
    /// List them.
    List {
        /// How to print it.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Print what a model takes in memory.
    Footprint(FootprintArgs),
    /// Take in a network or body file that you have.
    Import(ImportModelArgs),
    /// Fetch a model's file after you have accepted its licence.
    Fetch(FetchArgs),
    /// Check files: the program's against its manifest, your own against what was taken in.
    Verify(VerifyArgs),
    /// Delete one of your own models.
    Remove(RemoveArgs),
    /// Time loading and running, and measure the memory.
    Benchmark(BenchmarkArgs),
}

/// Parses the edges of a part of the picture.
fn part(text: &str) -> Result<BBox, String> {
    let edges: Result<Vec<f32>, String> = text.split(',').map(|edge| unit_interval(edge.trim())).collect();
    match edges?.as_slice() {
        &[left, top, right, bottom] if left < right && top < bottom => {
            Ok(BBox::new(left, top, right, bottom))
        }
        _ => {
            Err("LEFT,TOP,RIGHT,BOTTOM from 0 to 1 are needed, left before right and top before bottom"
                .into())
        }
    }
}

/// Parses a number from 0 to 1.
fn unit_interval(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(value) if (0.0..=1.0).contains(&value) => Ok(value),
        _ => Err("a number from 0 to 1 is needed".into()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_flags_do_not_contradict_each_other() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_lone_path_is_a_clip_for_the_window() {
        let cli = Cli::try_parse_from(["snowmesh", "jump.mp4"]).unwrap();
        assert!(cli.command.is_none());
        assert_eq!(cli.window.clip, Some(PathBuf::from("jump.mp4")));
    }

    #[test]
    fn flags_win_over_saved_settings_and_the_rest_stays() {
        let cli =
            Cli::try_parse_from(["snowmesh", "analyze", "a.mp4", "--detector", "movenet-multipose"]).unwrap();
        let Some(Command::Analyze(args)) = cli.command else { panic!("{cli:?}") };
        let saved = ModelSettings { detection_threshold: Some(0.7), ..ModelSettings::default() };
        let models = args.analysis.models.resolve(&saved);
        assert_eq!(models.detector, "movenet-multipose");
        assert_eq!(models.detection_threshold, Some(0.7));
    }

    #[test]
    fn nonsense_is_refused() {
        for bad in [
            vec!["snowmesh", "analyze"],
            vec!["snowmesh", "export", "a.mp4"],
            vec!["snowmesh", "export", "a.mp4", "-o", "b.mp4", "--opacity", "1.5"],
            vec!["snowmesh", "export", "a.mp4", "-o", "b.mp4", "--overlay", "hologram"],
            vec!["snowmesh", "analyze", "a.mp4", "--detector-device", "abacus"],
        ] {
            assert!(Cli::try_parse_from(&bad).is_err(), "{bad:?}");
        }
    }
}
