//! What the export dialog says, and whether it can be done.

use std::path::{Path, PathBuf};

use crate::engine::{AnalyzeRequest, DataExportRequest, DataFormat, ExportRequest, VideoOptions};
use crate::settings::ModelSettings;
use crate::types::{MemoryWish, OverlayStyle};

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
    /// Whether mattes are written.
    pub mattes: bool,
    /// Their folder, as typed.
    pub matte_folder: String,
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
    #[error("choose a video, mattes or data")]
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
            mattes: false,
            matte_folder: beside(format!("{stem}-mattes")),
            formats: Vec::new(),
            data_folder: beside(format!("{stem}-data")),
            overlay,
            range_only,
            range,
        }
    }

    /// Looks at the disk: whether this can be done and what it would replace.
    pub fn check(&self) -> Verdict {
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
        let replaces = self.video && problem.is_none() && output.exists();
        Verdict { problem, replaces }
    }

    fn problem(
        &self,
        output: &Path,
        folder_problem: &dyn Fn(&str, &'static str) -> Option<Problem>,
    ) -> Option<Problem> {
        if !self.video && !self.mattes && self.formats.is_empty() {
            return Some(Problem::Nothing);
        }
        let video_problem = || {
            if output.as_os_str().is_empty() {
                Some(Problem::NoPath("video"))
            } else if same_file(output, &self.clip) {
                Some(Problem::Source)
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
        of_video.or_else(of_mattes).or_else(of_data)
    }

    /// The request for data files, where any are asked for. They tell of the whole clip.
    pub fn data_request(&self, models: ModelSettings) -> Option<DataExportRequest> {
        (!self.formats.is_empty()).then(|| DataExportRequest {
            analysis: self.request(models).analysis,
            formats: self.formats.clone(),
            folder: self.data_folder.trim().into(),
            everyone: self.overlay.others,
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
            video: VideoOptions::default(),
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
fn missing_parent(path: &Path) -> Option<PathBuf> {
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
        assert_eq!(form.check(), Verdict { problem: None, replaces: false });
        std::fs::write(&form.output, "old").unwrap();
        assert_eq!(form.check(), Verdict { problem: None, replaces: true });
        let request = form.request(ModelSettings::default());
        assert_eq!((request.range, request.matte_folder), (None, None));
    }

    #[test]
    fn the_clip_itself_is_refused_by_whatever_name() {
        let folder = tempfile::tempdir().unwrap();
        let mut form = form(folder.path());
        let around = folder.path().join(".").join("Sprung über 8 m.mov");
        form.output = format!("  {} ", around.display());
        assert_eq!(form.check().problem, Some(Problem::Source));
        let link = folder.path().join("link.mp4");
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(&form.clip, &link).unwrap();
            form.output = link.display().to_string();
            assert_eq!(form.check().problem, Some(Problem::Source));
        }
    }

    #[test]
    fn what_cannot_be_written_is_said_before_it_is_tried() {
        let folder = tempfile::tempdir().unwrap();
        let good = form(folder.path());
        let problem = |change: &dyn Fn(&mut ExportForm)| {
            let mut form = good.clone();
            change(&mut form);
            form.check().problem
        };
        assert_eq!(problem(&|f| f.video = false), Some(Problem::Nothing));
        assert_eq!(problem(&|f| f.output = " ".into()), Some(Problem::NoPath("video")));
        assert_eq!(problem(&|f| f.output = format!("{}.avi", f.output)), Some(Problem::Extension));
        let deep = folder.path().join("no").join("such");
        let in_deep = deep.join("a.mp4").display().to_string();
        assert_eq!(problem(&|f| f.output.clone_from(&in_deep)), Some(Problem::NoFolder(deep)));
        let own = folder.path().display().to_string();
        assert_eq!(problem(&|f| f.output.clone_from(&own)), Some(Problem::IsFolder(folder.path().into())));
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
}
