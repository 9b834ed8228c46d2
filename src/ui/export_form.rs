//! What the export dialog says, and whether it can be done.

use std::path::{Path, PathBuf};

use crate::engine::{
    self, AnalyzeRequest, Codec, DataExportRequest, DataFormat, ExportRequest, Layout, PictureKind,
    PictureRequest, PictureRiders, VideoOptions,
};
use crate::settings::ModelSettings;
use crate::types::{ClipInfo, MemoryWish, OverlayStyle};

use super::export_pictures::PictureForm;
use super::text;

/// Extensions of the videos that are written.
pub const WRITTEN_EXTENSIONS: [&str; 4] = ["mp4", "mov", "mkv", "webm"];

/// The contents of the export dialog.
#[derive(Clone, Debug, PartialEq)]
pub struct ExportForm {
    /// The clip.
    pub clip: PathBuf,
    /// Whether a video is written.
    pub video: bool,
    /// The video to write, as typed.
    pub output: String,
    /// How the video is made.
    pub options: VideoOptions,
    /// Codecs that there are encoders for.
    pub codecs: Vec<Codec>,
    /// Whether mattes are written.
    pub mattes: bool,
    /// Their folder, as typed.
    pub matte_folder: String,
    /// The contact sheet.
    pub sheet: PictureForm,
    /// The rider at several moments in one picture.
    pub chrono: PictureForm,
    /// Formats of the data files; none for no data.
    pub formats: Vec<DataFormat>,
    /// Their folder, as typed.
    pub data_folder: String,
    /// What is drawn into the video.
    pub overlay: OverlayStyle,
    /// Whether only the range between in and out is exported.
    pub range_only: bool,
    /// First and last frame between in and out.
    pub range: (u64, u64),
}

/// Why an export cannot be started.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Nothing is asked for.
    #[error("choose a video, mattes, pictures or data")]
    Nothing,
    /// A path is empty.
    #[error("say where the {0} goes")]
    NoPath(&'static str),
    /// The output is the clip itself.
    #[error("this is the clip itself; choose another name so that it is not overwritten")]
    Source,
    /// The extension names no format that is written.
    #[error("let the video's name end in .mp4, .mov, .mkv or .webm")]
    Extension,
    /// The same for an overlay alone.
    #[error("let the name of an overlay alone end in .mov, or in no ending for a folder of PNG files")]
    OverlayExtension,
    /// The extension of a picture names no PNG.
    #[error("let the name of the {0} end in .png")]
    PictureExtension(&'static str),
    /// The disk has no room.
    #[error("about {} are needed and {} are free there; choose another folder, or a smaller size or quality", text::bytes(*.needed), text::bytes(*.free))]
    NoSpace {
        /// Bytes that the export takes at about.
        needed: u64,
        /// Bytes that there are.
        free: u64,
    },
    /// The folder that it would go into is not there.
    #[error("there is no folder {}; choose one that exists", .0.display())]
    NoFolder(PathBuf),
    /// The name is a folder's.
    #[error("{} is a folder; add a file name", .0.display())]
    IsFolder(PathBuf),
    /// The name for the folder is a file's.
    #[error("{} is a file; a folder is needed", .0.display())]
    IsFile(PathBuf),
}

/// What was found about a form.
#[derive(Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Why it cannot be done.
    pub problem: Option<Problem>,
    /// Whether a video of that name is there and would be replaced.
    pub replaces: bool,
    /// Bytes that video and mattes take at about, where the clip is known.
    pub bytes: Option<u64>,
}

impl ExportForm {
    /// The form as it is first shown: `CLIP-overlay.mp4` beside the clip.
    pub fn new(clip: &Path, overlay: OverlayStyle, range: (u64, u64), range_only: bool) -> Self {
        let stem = clip.file_stem().unwrap_or_default().to_string_lossy();
        let beside = |name: String| clip.with_file_name(name).display().to_string();
        Self {
            clip: clip.to_owned(),
            video: true,
            output: beside(format!("{stem}-overlay.mp4")),
            options: VideoOptions::default(),
            codecs: engine::codecs(),
            mattes: false,
            matte_folder: beside(format!("{stem}-mattes")),
            sheet: PictureForm::new(12, beside(format!("{stem}-contact-sheet.png"))),
            chrono: PictureForm::new(6, beside(format!("{stem}-chrono.png"))),
            formats: Vec::new(),
            data_folder: beside(format!("{stem}-data")),
            overlay,
            range_only,
            range,
        }
    }

    /// Brings what depends on each other in line after a change: the name's ending follows the layout, and the codec is
    /// one that fits it.
    pub fn settle(&mut self, before: &Self) {
        let alone = |form: &Self| form.options.layout == Layout::OverlayOnly;
        if alone(self) && !alone(before) && self.extension() != "mov" {
            self.set_extension("mov");
        }
        let extension = self.extension();
        self.options.encoding.codec = self.options.encoding.codec.filter(|codec| codec.fits(&extension));
    }

    /// Ending of the video's name.
    pub fn extension(&self) -> String {
        let extension = Path::new(self.output.trim()).extension().unwrap_or_default();
        extension.to_string_lossy().to_lowercase()
    }

    /// Changes the ending of the video's name; an empty one is none.
    pub fn set_extension(&mut self, extension: &str) {
        self.output = Path::new(self.output.trim()).with_extension(extension).display().to_string();
    }

    /// Looks at the disk: whether this can be done and what it would replace.
    pub fn check(&self, clip: Option<&ClipInfo>) -> Verdict {
        let output = Path::new(self.output.trim());
        let folder_problem = |folder: &str, name| {
            let folder = Path::new(folder.trim());
            if folder.as_os_str().is_empty() {
                Some(Problem::NoPath(name))
            } else if folder.is_file() {
                Some(Problem::IsFile(folder.to_owned()))
            } else {
                missing_parent(folder).map(Problem::NoFolder)
            }
        };
        let problem = self.problem(output, &folder_problem);
        let request = self.request(ModelSettings::default());
        let bytes =
            clip.filter(|_| self.video || self.mattes).map(|clip| engine::export_bytes(clip, &request));
        let place = request.output.as_deref().or(request.matte_folder.as_deref());
        let free = place.and_then(engine::free_bytes);
        let problem = problem.or(match (bytes, free) {
            (Some(needed), Some(free)) if needed > free => Some(Problem::NoSpace { needed, free }),
            _ => None,
        });
        let replaces = self.video && problem.is_none() && output.exists();
        Verdict { problem, replaces, bytes }
    }

    fn problem(
        &self,
        output: &Path,
        folder_problem: &dyn Fn(&str, &'static str) -> Option<Problem>,
    ) -> Option<Problem> {
        if !self.video && !self.mattes && !self.draws_pictures() && self.formats.is_empty() {
            return Some(Problem::Nothing);
        }
        let video_problem = || {
            if output.as_os_str().is_empty() {
                Some(Problem::NoPath("video"))
            } else if same_file(output, &self.clip) {
                Some(Problem::Source)
            } else if self.options.layout == Layout::OverlayOnly {
                match self.extension().as_str() {
                    "" => folder_problem(&self.output, "folder of PNG files"),
                    "mov" if !output.is_dir() => missing_parent(output).map(Problem::NoFolder),
                    "mov" => Some(Problem::IsFolder(output.to_owned())),
                    _ => Some(Problem::OverlayExtension),
                }
            } else if output.is_dir() {
                Some(Problem::IsFolder(output.to_owned()))
            } else if !output.extension().is_some_and(is_written) {
                Some(Problem::Extension)
            } else {
                missing_parent(output).map(Problem::NoFolder)
            }
        };
        let of_video = if self.video { video_problem() } else { None };
        let of_mattes =
            || if self.mattes { folder_problem(&self.matte_folder, "matte folder") } else { None };
        let of_data = || {
            if self.formats.is_empty() { None } else { folder_problem(&self.data_folder, "data folder") }
        };
        let of_sheet = || self.sheet.problem("contact sheet");
        let of_chrono = || self.chrono.problem("chrono picture");
        of_video.or_else(of_mattes).or_else(of_sheet).or_else(of_chrono).or_else(of_data)
    }

    /// The request for data files, where any are asked for. They tell of the whole clip.
    pub fn data_request(&self, models: ModelSettings) -> Option<DataExportRequest> {
        (!self.formats.is_empty()).then(|| DataExportRequest {
            analysis: self.request(models).analysis,
            formats: self.formats.clone(),
            folder: self.data_folder.trim().into(),
            everyone: self.overlay.others,
            raw: self.overlay.raw,
        })
    }

    /// Whether single pictures are asked for.
    pub fn draws_pictures(&self) -> bool {
        self.sheet.on || self.chrono.on
    }

    /// The requests for single pictures.
    pub fn picture_requests(&self, models: &ModelSettings) -> impl Iterator<Item = PictureRequest> {
        let range = self.range_only.then_some(self.range);
        let sheet = self.sheet.wanted(range, PictureKind::ContactSheet);
        let chrono = self.chrono.wanted(range, PictureKind::Chrono);
        let analysis = Box::new(self.request(models.clone()).analysis);
        let (clip, overlay) = (self.clip.clone(), self.overlay);
        sheet.into_iter().chain(chrono).map(move |(output, kind)| PictureRequest {
            clip: clip.clone(),
            output,
            kind,
            riders: PictureRiders::Analysed(analysis.clone()),
            overlay,
        })
    }

    /// The request for video and mattes that the form makes.
    pub fn request(&self, models: ModelSettings) -> ExportRequest {
        ExportRequest {
            analysis: AnalyzeRequest {
                clip: self.clip.clone(),
                store: None,
                models,
                memory: MemoryWish::default(),
                restart: false,
                accept_existing: true,
            },
            output: self.video.then(|| self.output.trim().into()),
            matte_folder: self.mattes.then(|| self.matte_folder.trim().into()),
            overlay: self.overlay,
            range: self.range_only.then_some(self.range),
            video: self.options,
        }
    }
}

/// Whether videos with this extension are written.
fn is_written(extension: &std::ffi::OsStr) -> bool {
    WRITTEN_EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known))
}

/// Whether two paths name one file, through links and dots.
fn same_file(a: &Path, b: &Path) -> bool {
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}

/// The folder that `path` would be made in, where it is not there.
pub(super) fn missing_parent(path: &Path) -> Option<PathBuf> {
    let folder = match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => path,
    };
    (!folder.is_dir()).then(|| folder.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(folder: &Path) -> ExportForm {
        let clip = folder.join("Sprung über 8 m.mov");
        std::fs::write(&clip, "clip").unwrap();
        ExportForm::new(&clip, OverlayStyle::default(), (10, 20), false)
    }

    #[test]
    fn the_default_lies_beside_the_clip_and_can_be_done() {
        let folder = tempfile::tempdir().unwrap();
        let form = form(folder.path());
        assert_eq!(Path::new(&form.output), folder.path().join("Sprung über 8 m-overlay.mp4"));
        assert_eq!(form.check(None), Verdict { problem: None, replaces: false, bytes: None });
        std::fs::write(&form.output, "old").unwrap();
        assert_eq!(form.check(None), Verdict { problem: None, replaces: true, bytes: None });
        let request = form.request(ModelSettings::default());
        assert_eq!((request.range, request.matte_folder), (None, None));
    }

    #[test]
    fn the_clip_itself_is_refused_by_whatever_name() {
        let folder = tempfile::tempdir().unwrap();
        let mut form = form(folder.path());
        let around = folder.path().join(".").join("Sprung über 8 m.mov");
        form.output = format!("  {} ", around.display());
        assert_eq!(form.check(None).problem, Some(Problem::Source));
        let link = folder.path().join("link.mp4");
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(&form.clip, &link).unwrap();
            form.output = link.display().to_string();
            assert_eq!(form.check(None).problem, Some(Problem::Source));
        }
    }

    #[test]
    fn what_cannot_be_written_is_said_before_it_is_tried() {
        let folder = tempfile::tempdir().unwrap();
        let good = form(folder.path());
        let problem = |change: &dyn Fn(&mut ExportForm)| {
            let mut form = good.clone();
            change(&mut form);
            form.check(None).problem
        };
        assert_eq!(problem(&|f| f.video = false), Some(Problem::Nothing));
        assert_eq!(problem(&|f| f.output = " ".into()), Some(Problem::NoPath("video")));
        assert_eq!(problem(&|f| f.output = format!("{}.avi", f.output)), Some(Problem::Extension));
        let deep = folder.path().join("no").join("such");
        let in_deep = deep.join("a.mp4").display().to_string();
        assert_eq!(problem(&|f| f.output.clone_from(&in_deep)), Some(Problem::NoFolder(deep)));
        let own = folder.path().display().to_string();
        assert_eq!(problem(&|f| f.output.clone_from(&own)), Some(Problem::IsFolder(folder.path().into())));
        let alone = |name: &'static str| {
            move |f: &mut ExportForm| {
                f.options.layout = Layout::OverlayOnly;
                f.output = Path::new(&f.output).with_file_name(name).display().to_string();
            }
        };
        assert_eq!(problem(&alone("a.mp4")), Some(Problem::OverlayExtension));
        assert_eq!((problem(&alone("a.mov")), problem(&alone("pictures"))), (None, None));
        assert_eq!(
            problem(&|f| (f.sheet.on, f.sheet.path) = (true, "a.jpg".into())),
            Some(Problem::PictureExtension("contact sheet"))
        );
        let only_data = |f: &mut ExportForm| {
            f.video = false;
            f.formats = vec![DataFormat::Csv];
        };
        assert_eq!(problem(&only_data), None);
        let clip = good.clip.display().to_string();
        let on_file = |f: &mut ExportForm| {
            f.mattes = true;
            f.matte_folder.clone_from(&clip);
        };
        assert_eq!(problem(&on_file), Some(Problem::IsFile(good.clip.clone())));
    }

    #[test]
    fn endings_follow_the_layout_and_codecs_the_ending() {
        let folder = tempfile::tempdir().unwrap();
        let before = form(folder.path());
        let mut form = before.clone();
        form.options.layout = Layout::OverlayOnly;
        form.settle(&before);
        assert_eq!(form.extension(), "mov");
        form.set_extension("");
        form.settle(&form.clone());
        assert!(form.output.ends_with("8 m-overlay"), "a folder stays one: {}", form.output);
        let mut form = before.clone();
        form.options.encoding.codec = Some(Codec::H264);
        form.settle(&before);
        assert_eq!(form.options.encoding.codec, Some(Codec::H264));
        form.set_extension("webm");
        form.settle(&before);
        assert_eq!(form.options.encoding.codec, None);
    }

    #[test]
    fn a_clip_that_does_not_fit_on_the_disk_is_told_with_both_numbers() {
        let folder = tempfile::tempdir().unwrap();
        let form = form(folder.path());
        let frames = (0..40_000_000).collect();
        let clip = ClipInfo {
            path: form.clip.clone(),
            width: 16_000,
            height: 16_000,
            pixel_aspect: 1.0,
            rotation_deg: 0,
            duration_s: 40_000_000.0 / 25.0,
            color: crate::types::YuvColor {
                matrix: crate::types::YuvMatrix::Bt709,
                range: crate::types::YuvRange::Limited,
            },
            codec: "h264".into(),
            has_audio: false,
            frames: crate::types::FrameIndex::new(frames, crate::types::Rational { num: 1, den: 25 }).into(),
        };
        let Some(Problem::NoSpace { needed, free }) = form.check(Some(&clip)).problem else { panic!() };
        assert!(needed > free && needed > 1 << 40);
    }
}
