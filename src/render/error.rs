//! What can go wrong when drawing.

/// Errors of the render room; each says what the user can do about it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RenderError {
    /// Neither Vulkan nor OpenGL offers anything to draw with.
    #[error(
        "no graphics adapter was found; install a Vulkan or OpenGL driver (without a graphics card: the packages \
         mesa-vulkan-drivers, libegl1 and libgl1-mesa-dri draw on the processor)"
    )]
    NoAdapter,
    /// Adapters were found but none would give a device.
    #[error("no graphics adapter could be used ({causes}); update the driver or install mesa-vulkan-drivers")]
    NoDevice {
        /// What each adapter said.
        causes: String,
    },
    /// A picture of no pixels.
    #[error("cannot draw a picture of {width}x{height} pixels; both sides must be at least 1")]
    EmptyTarget {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
    },
    /// More pixels than the graphics device takes.
    #[error(
        "a picture of {width}x{height} pixels is larger than the graphics device takes ({limit} a side); \
         choose a smaller size"
    )]
    TooLarge {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
        /// Most pixels along a side.
        limit: u32,
    },
    /// The planes of a picture do not fit its size.
    #[error("the frame's planes do not fit its size of {width}x{height}; the frame is damaged")]
    BadPicture {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
    },
    /// A mesh that does not fit the triangle list.
    #[error("a body has {vertices} vertices and {normals} normals but its triangles need {needed} of each")]
    BadMesh {
        /// Vertices given.
        vertices: usize,
        /// Normals given.
        normals: usize,
        /// Vertices that the triangle list refers to.
        needed: usize,
    },
    /// The font that is built in cannot be read.
    #[error("the built-in font cannot be read; the program is damaged, install it again")]
    Font,
    /// The graphics device has no memory left.
    #[error(
        "out of graphics memory while {doing}; close other programs that use the graphics card or choose a smaller \
         picture"
    )]
    OutOfMemory {
        /// What was being done.
        doing: &'static str,
    },
    /// The device refused a command.
    #[error("the graphics device refused a command while {doing}: {cause}")]
    Refused {
        /// What was being done.
        doing: &'static str,
        /// What wgpu said.
        cause: String,
    },
    /// The device is gone: a driver reset, a removed card or a sleeping machine.
    #[error("the graphics device was lost ({cause}); start again, and update the driver if it comes back")]
    DeviceLost {
        /// What the driver said.
        cause: String,
    },
    /// A frame could not be brought back from the device.
    #[error("the drawn picture could not be read back: {cause}")]
    Readback {
        /// What went wrong.
        cause: String,
    },
    /// A frame was submitted while as many as fit are still on their way.
    #[error("{0} frames are on their way back already; take one before submitting the next")]
    ReadbackFull(usize),
}
