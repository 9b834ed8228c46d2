//! Models that the room's tests share.

use super::BodyModel;

/// A body of 400 vertices with random pose blend shapes.
pub(super) fn small_model() -> BodyModel {
    BodyModel::from_npz(include_bytes!("../../tests/data/smpl_small.npz"), "small").unwrap()
}

/// The body that the program comes with.
pub(crate) fn starter_model() -> BodyModel {
    BodyModel::from_npz(include_bytes!("../../models/starter/body_cc0_smpl24.npz"), "starter").unwrap()
}
