//! An open encoder of pictures, which ends well whenever it is given up.

use ff::{Packet, encoder, frame};
use ffmpeg_next as ff;

/// FFmpeg's name of SVT-AV1.
pub(super) const SVT_AV1: &str = "libsvtav1";

/// An encoder, and whether it has been given a picture.
pub(super) struct PictureEncoder {
    inner: encoder::video::Encoder,
    name: &'static str,
    has_begun: bool,
    has_ended: bool,
}

impl PictureEncoder {
    /// `inner`, which is FFmpeg's encoder `name`.
    pub(super) fn new(inner: encoder::video::Encoder, name: &'static str) -> Self {
        Self { inner, name, has_begun: false, has_ended: false }
    }

    /// FFmpeg's encoder, for the parameters of the stream.
    pub(super) fn inner(&self) -> &encoder::video::Encoder {
        &self.inner
    }

    /// Sends a picture; `pts` in the encoder's time base.
    pub(super) fn send(&mut self, picture: &mut frame::Video, pts: i64) -> Result<(), ff::Error> {
        picture.set_pts(Some(pts));
        // What a decoder noted of the picture's kind would otherwise bind the encoder.
        picture.set_kind(ff::picture::Type::None);
        self.inner.send_frame(picture)?;
        self.has_begun = true;
        Ok(())
    }

    /// Tells that no picture comes any more; once is enough.
    pub(super) fn end(&mut self) -> Result<(), ff::Error> {
        if !self.has_ended {
            self.inner.send_eof()?;
            self.has_ended = true;
        }
        Ok(())
    }

    /// Puts the next packet into `packet`; `false` where none is ready, or none is left once the end was told.
    pub(super) fn receive(&mut self, packet: &mut Packet) -> Result<bool, ff::Error> {
        match self.inner.receive_packet(packet) {
            Ok(()) => Ok(true),
            Err(ff::Error::Eof | ff::Error::Other { errno: ff::error::EAGAIN }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl Drop for PictureEncoder {
    /// SVT-AV1 1.4 waits for its own threads for ever where it is closed, or ended, before its first picture, and
    /// complains on the terminal where it is closed before its end.
    fn drop(&mut self) {
        if self.name != SVT_AV1 {
            return;
        }
        let mut ended = Ok(());
        if !self.has_begun {
            let mut blank = frame::Video::new(self.inner.format(), self.inner.width(), self.inner.height());
            for plane in 0..blank.planes() {
                blank.data_mut(plane).fill(0);
            }
            ended = self.send(&mut blank, 0);
        }
        if let Err(error) = ended.and_then(|()| self.end()) {
            tracing::debug!("{SVT_AV1} does not end well: {error}");
        }
    }
}
