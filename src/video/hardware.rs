//! Devices that decode in hardware, where FFmpeg was built for them and the machine has one.
//!
//! Waking a device takes up to a third of a second, so it is done once, beside everything else
//! ([`find_decoding_devices`]); a clip that is opened sooner begins in software and changes over at its next jump. What
//! the hardware cannot do is done in software: that is decided by the decoder, frame by frame.

use std::ffi::CStr;
use std::ptr::{self, NonNull};
use std::sync::OnceLock;

use ff::ffi::{self, AVHWDeviceType};
use ff::{codec, frame};
use ffmpeg_next as ff;

use super::ffmpeg::initialize;

/// Kinds of device that are tried, the best first.
const KINDS: [AVHWDeviceType; 4] = [
    AVHWDeviceType::AV_HWDEVICE_TYPE_VIDEOTOOLBOX,
    AVHWDeviceType::AV_HWDEVICE_TYPE_D3D11VA,
    AVHWDeviceType::AV_HWDEVICE_TYPE_CUDA,
    AVHWDeviceType::AV_HWDEVICE_TYPE_VAAPI,
];

static FOUND: OnceLock<Vec<Device>> = OnceLock::new();

/// A device that is awake.
pub(super) struct Device {
    kind: AVHWDeviceType,
    name: &'static str,
    context: NonNull<ffi::AVBufferRef>,
}

// SAFETY: the reference is only read and copied (`av_buffer_ref`, whose count is atomic), and FFmpeg's device contexts are
// made to be shared by decoders on several threads.
unsafe impl Send for Device {}
// SAFETY: as above.
unsafe impl Sync for Device {}

/// Wakes the decoding devices of the machine, once; gives their names. May take a third of a second.
pub fn find_decoding_devices() -> Vec<&'static str> {
    initialize();
    let found = FOUND.get_or_init(|| KINDS.into_iter().filter_map(Device::wake).collect());
    found.iter().map(|device| device.name).collect()
}

/// Kinds of device that this FFmpeg was built to decode on, whether the machine has them or not.
pub fn offered_decoding_devices() -> Vec<&'static str> {
    initialize();
    let mut kind = AVHWDeviceType::AV_HWDEVICE_TYPE_NONE;
    let mut offered = Vec::new();
    loop {
        // SAFETY: the function only reads a table; `kind` came from it, or asks for the first.
        kind = unsafe { ffi::av_hwdevice_iterate_types(kind) };
        if kind == AVHWDeviceType::AV_HWDEVICE_TYPE_NONE {
            return offered;
        }
        if KINDS.contains(&kind) {
            offered.push(name_of(kind));
        }
    }
}

/// The devices that have been woken so far.
pub(super) fn awake() -> &'static [Device] {
    FOUND.get().map_or(&[], Vec::as_slice)
}

impl Device {
    fn wake(kind: AVHWDeviceType) -> Option<Self> {
        let mut context = ptr::null_mut();
        // SAFETY: the out-pointer is this function's own; without a name and options the first device is taken. On
        // failure nothing is allocated.
        let code =
            unsafe { ffi::av_hwdevice_ctx_create(&mut context, kind, ptr::null(), ptr::null_mut(), 0) };
        let context = NonNull::new(context).filter(|_| code >= 0)?;
        Some(Self { kind, name: name_of(kind), context })
    }

    /// Short name, as in "vaapi".
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// A decoder of the codec that works on this device.
    pub(super) fn decoder_for(&self, id: codec::Id) -> Option<ff::Codec> {
        // The decoder that FFmpeg prefers for AV1 is a library without hardware; its own has nothing but.
        let own = (id == codec::Id::AV1).then(|| ff::decoder::find_by_name("av1")).flatten();
        own.or_else(|| ff::decoder::find(id)).filter(|decoder| self.decodes(decoder))
    }

    fn decodes(&self, decoder: &ff::Codec) -> bool {
        for index in 0.. {
            // SAFETY: the codec is one of FFmpeg's constants, and so is what the function gives until it gives null.
            let Some(config) = (unsafe { ffi::avcodec_get_hw_config(decoder.as_ptr(), index).as_ref() })
            else {
                return false;
            };
            let by_device = config.methods & ffi::AV_CODEC_HW_CONFIG_METHOD_HW_DEVICE_CTX as i32 != 0;
            if by_device && config.device_type == self.kind {
                return true;
            }
        }
        false
    }

    /// Makes `context`, which is not open yet, decode on this device. FFmpeg then chooses the device's format by itself
    /// (`avcodec_default_get_format`), and its own where the device refuses the stream.
    pub(super) fn attach(&self, context: &mut codec::Context) -> Result<(), ff::Error> {
        // SAFETY: both contexts are live; the new reference belongs to the codec context, which drops it.
        unsafe {
            let reference = ffi::av_buffer_ref(self.context.as_ptr());
            if reference.is_null() {
                return Err(ff::Error::Other { errno: ff::error::ENOMEM });
            }
            (*context.as_mut_ptr()).hw_device_ctx = reference;
        }
        Ok(())
    }
}

fn name_of(kind: AVHWDeviceType) -> &'static str {
    // SAFETY: the names are constants of FFmpeg; null is given for kinds that it does not know.
    let name = unsafe {
        let name = ffi::av_hwdevice_get_type_name(kind);
        if name.is_null() {
            return "unknown";
        }
        CStr::from_ptr(name)
    };
    name.to_str().unwrap_or("unknown")
}

/// Whether the frame lies in the memory of a device.
pub(super) fn is_on_device(frame: &frame::Video) -> bool {
    // SAFETY: the pointer is the frame's own, valid while it is borrowed.
    unsafe { !(*frame.as_ptr()).hw_frames_ctx.is_null() }
}

/// Brings a frame out of the memory of its device, as NV12 or P010, with all that it says of itself.
pub(super) fn transfer(from: &frame::Video) -> Result<frame::Video, ff::Error> {
    let mut to = frame::Video::empty();
    // SAFETY: both frames are live, and `to` is empty: the function allocates it in the device's preferred format.
    let code = unsafe {
        match ffi::av_hwframe_transfer_data(to.as_mut_ptr(), from.as_ptr(), 0) {
            code if code < 0 => code,
            _ => ffi::av_frame_copy_props(to.as_mut_ptr(), from.as_ptr()),
        }
    };
    if code < 0 { Err(ff::Error::from(code)) } else { Ok(to) }
}
