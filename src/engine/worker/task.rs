//! What a worker is started with: its arguments and its order.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::protocol::{ExportOrder, Order};
use crate::engine::{AnalyzeRequest, EngineError, ExportRequest};
use crate::types::ByteSize;

/// A worker's arguments after those that name the models, its first line of input, and its memory limit.
pub struct Task {
    pub subcommand: &'static str,
    pub arguments: Vec<OsString>,
    pub order: String,
    pub limit: Option<ByteSize>,
}

impl Task {
    /// An analysis.
    pub fn analysis(request: &AnalyzeRequest) -> Result<Self, EngineError> {
        let arguments = arguments(request, &[]);
        Ok(Self {
            subcommand: "analyze",
            arguments,
            order: order(request, None)?,
            limit: request.memory.limit,
        })
    }

    /// An export; the limit is for analyses, one that it makes first keeps to it by its plan.
    pub fn export(request: &ExportRequest) -> Result<Self, EngineError> {
        let files = [("--output", request.output.as_deref()), ("--matte", request.matte_folder.as_deref())];
        let arguments = arguments(&request.analysis, &files);
        let (overlay, range, video) = (request.overlay, request.range, request.video);
        let order = order(&request.analysis, Some(ExportOrder { overlay, range, video }))?;
        Ok(Self { subcommand: "export", arguments, order, limit: None })
    }
}

fn arguments(request: &AnalyzeRequest, files: &[(&str, Option<&Path>)]) -> Vec<OsString> {
    let mut arguments = Vec::new();
    let store = [("--store", request.store.as_deref())];
    for (flag, path) in store.iter().chain(files) {
        // A name that begins with a dash is no flag.
        arguments.extend(
            path.map(|path| [OsStr::new(flag), OsStr::new("="), path.as_os_str()].into_iter().collect()),
        );
    }
    if request.restart {
        arguments.push("--restart".into());
    }
    arguments.extend(["--".into(), request.clip.clone().into_os_string()]);
    arguments
}

fn order(request: &AnalyzeRequest, export: Option<ExportOrder>) -> Result<String, EngineError> {
    let order = Order {
        models: request.models.clone(),
        memory: request.memory,
        accept_existing: request.accept_existing,
        export,
    };
    serde_json::to_string(&order).map_err(|cause| EngineError::Order(cause.to_string()))
}
