//! Masks as they are kept: one bit for each place, since only its side of half way is ever asked for.

use crate::types::{Detection, Mask};

/// Largest side that is kept.
const MAX_SIDE: usize = u16::MAX as usize;

/// Code of a place that is somebody.
const SURE: u8 = 255;

/// The masks of a frame's detections, in their order: for each the side in two bytes, then side × side bits row by row,
/// the lowest bit of a byte first.
pub(super) fn encode(masks: &[Mask]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for mask in masks {
        let places = mask.side * mask.side;
        // One that cannot be kept leaves its place empty.
        if mask.side > MAX_SIDE || mask.codes.len() < places {
            bytes.extend([0, 0]);
            continue;
        }
        bytes.extend((mask.side as u16).to_le_bytes());
        for places in mask.codes[..places].chunks(8) {
            let bits = places.iter().enumerate().map(|(bit, &code)| u8::from(code >= Mask::INSIDE) << bit);
            bytes.push(bits.fold(0, std::ops::BitOr::bitor));
        }
    }
    bytes
}

/// The masks of `detections`; `None` where the bytes are not those of as many.
pub(super) fn decode(mut bytes: &[u8], detections: &[Detection]) -> Option<Vec<Mask>> {
    let mut masks = Vec::with_capacity(detections.len());
    for detection in detections {
        let (side, rest) = bytes.split_first_chunk::<2>()?;
        let side = usize::from(u16::from_le_bytes(*side));
        let places = side * side;
        let (bits, rest) = rest.split_at_checked(places.div_ceil(8))?;
        let code = |place: usize| if bits[place / 8] >> (place % 8) & 1 == 1 { SURE } else { 0 };
        masks.push(Mask { bbox: detection.bbox, side, codes: (0..places).map(code).collect() });
        bytes = rest;
    }
    bytes.is_empty().then_some(masks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::BBox;

    fn detection(left: f32) -> Detection {
        Detection { bbox: BBox::new(left, 0.0, left + 10.0, 20.0), score: 0.9 }
    }

    #[test]
    fn each_place_keeps_its_side_of_half_way() {
        let detections = [detection(0.0), detection(30.0)];
        let codes: Vec<u8> = (0..28 * 28).map(|place| (place * 37 % 256) as u8).collect();
        let masks = [
            Mask { bbox: detections[0].bbox, side: 28, codes: codes.clone() },
            Mask { bbox: detections[1].bbox, side: 3, codes: vec![127, 128, 0, 255, 1, 200, 90, 128, 127] },
        ];
        let bytes = encode(&masks);
        assert_eq!(bytes.len(), 2 + 98 + 2 + 2);
        let back = decode(&bytes, &detections).unwrap();
        assert_eq!(back[1].codes, [0, 255, 0, 255, 0, 255, 0, 255, 0]);
        assert!(back[0].codes.iter().zip(&codes).all(|(back, code)| (*back == 255) == (*code >= 128)));
        assert_eq!((back[0].side, back[1].bbox), (28, detections[1].bbox));
    }

    #[test]
    fn damaged_bytes_are_no_masks() {
        let mask = Mask { bbox: detection(0.0).bbox, side: 4, codes: vec![255; 16] };
        let bytes = encode(std::slice::from_ref(&mask));
        assert!(decode(&bytes[..3], &[detection(0.0)]).is_none());
        assert!(decode(&bytes, &[]).is_none() && decode(&bytes, &[detection(0.0), detection(1.0)]).is_none());
        assert_eq!(decode(&[], &[]), Some(Vec::new()));
        let hollow = Mask { codes: Vec::new(), ..mask };
        let back = decode(&encode(&[hollow]), &[detection(0.0)]).unwrap();
        assert_eq!((back[0].side, back[0].codes.len()), (0, 0));
    }
}
