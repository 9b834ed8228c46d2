//! Pictures that no other is made from, told by their packets.
//!
//! FFmpeg leaves such pictures out where it is asked to (`skip_frame`), but each still takes the turn of one of the
//! decoder's threads, which then wait for each other: on the way to a frame the threads work side by side only if these
//! packets are never sent.

use ff::{Packet, Stream, codec};
use ffmpeg_next as ff;

/// How the packets of a stream are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disposable {
    /// H.264, each unit after its length in so many bytes (ISO/IEC 14496-15, 5.3.3).
    Lengths(usize),
    /// H.264, each unit after a start code (ITU-T H.264, annex B).
    StartCodes,
    /// Not at all.
    Unknown,
}

impl Disposable {
    /// How the packets of `stream` are told apart.
    pub(super) fn of(stream: &Stream<'_>) -> Self {
        let parameters = stream.parameters();
        if parameters.id() != codec::Id::H264 {
            return Self::Unknown;
        }
        // SAFETY: the parameters are live while they are borrowed; their extra data is as long as they say, and is not
        // looked at where there is none.
        let head = unsafe {
            let raw = parameters.as_ptr();
            let length = usize::try_from((*raw).extradata_size).unwrap_or(0);
            if (*raw).extradata.is_null() || length < 5 {
                return Self::StartCodes;
            }
            std::slice::from_raw_parts((*raw).extradata, 5)
        };
        // A configuration record begins with its version, 1; parameter sets of their own with a start code.
        if head[0] == 1 { Self::Lengths(usize::from(head[4] & 3) + 1) } else { Self::StartCodes }
    }

    /// Whether no other picture is made from the one in the packet.
    pub(super) fn is_disposable(self, packet: &Packet) -> bool {
        let data = packet.data().unwrap_or_default();
        match self {
            Self::Lengths(bytes) => all_disposable(with_lengths(data, bytes)),
            Self::StartCodes => all_disposable(with_start_codes(data)),
            Self::Unknown => false,
        }
    }
}

/// Whether there is a slice among the units (by their first bytes; `None` for what is damaged) and none of a picture that
/// others refer to (ITU-T H.264, 7.4.1: nal_ref_idc).
fn all_disposable(units: impl Iterator<Item = Option<u8>>) -> bool {
    let mut slices = 0;
    for unit in units {
        let Some(first) = unit else { return false };
        let (refers, kind) = (first >> 5 & 3, first & 31);
        match kind {
            1..=5 if refers != 0 => return false,
            1..=5 => slices += 1,
            // Parameter sets are for the pictures after this one.
            7 | 8 | 13 | 15 => return false,
            _ => {}
        }
    }
    slices > 0
}

fn with_lengths(mut data: &[u8], bytes: usize) -> impl Iterator<Item = Option<u8>> {
    std::iter::from_fn(move || {
        if data.is_empty() {
            return None;
        }
        let unit = data.split_at_checked(bytes).and_then(|(length, rest)| {
            let length = length.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
            rest.split_at_checked(length)
        });
        let Some((unit, rest)) = unit else {
            data = &[];
            return Some(None);
        };
        data = rest;
        Some(unit.first().copied())
    })
}

fn with_start_codes(data: &[u8]) -> impl Iterator<Item = Option<u8>> {
    data.windows(4).filter(|four| four[..3] == [0, 0, 1]).map(|four| Some(four[3]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFERENCE: u8 = 0x41;
    const ALONE: u8 = 0x01;
    const WORDS: u8 = 0x06;
    const PARAMETERS: u8 = 0x68;

    /// A packet of units that begin with these bytes.
    fn packet(framing: Disposable, units: &[u8]) -> Packet {
        let unit = |first: &u8| {
            let body = [*first, 9, 0, 3, 7];
            match framing {
                Disposable::Lengths(bytes) => {
                    [&(body.len() as u32).to_be_bytes()[4 - bytes..], &body].concat()
                }
                _ => [&[0, 0, 0, 1], &body[..]].concat(),
            }
        };
        Packet::copy(&units.iter().flat_map(unit).collect::<Vec<u8>>())
    }

    #[test]
    fn a_picture_is_disposable_where_all_its_slices_are() {
        for framing in [Disposable::Lengths(4), Disposable::Lengths(2), Disposable::StartCodes] {
            let is = |units: &[u8]| framing.is_disposable(&packet(framing, units));
            assert!(is(&[ALONE]) && is(&[WORDS, ALONE, ALONE]), "{framing:?}");
            assert!(!is(&[REFERENCE]) && !is(&[ALONE, REFERENCE]) && !is(&[0x65]), "{framing:?}");
            assert!(!is(&[PARAMETERS, ALONE]) && !is(&[WORDS]) && !is(&[]), "{framing:?}");
        }
        assert!(!Disposable::Unknown.is_disposable(&packet(Disposable::Lengths(4), &[ALONE])));
    }

    #[test]
    fn what_is_damaged_is_decoded() {
        let framing = Disposable::Lengths(4);
        assert!(!framing.is_disposable(&Packet::copy(&[0, 0, 0, 200, ALONE, 1])));
        assert!(!framing.is_disposable(&Packet::copy(&[0, 0])));
        assert!(!framing.is_disposable(&Packet::copy(&[0, 0, 0, 0])));
    }
}
