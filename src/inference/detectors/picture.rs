//! What detectors of every family share: the picture on its way in, the boxes on their way out.

use super::sort_by_score;
use crate::inference::Detector;
use crate::inference::error::InferenceError;
use crate::inference::preprocess::{PictureInput, Placed};
use crate::inference::session::{Network, Outputs};
use crate::types::{BBox, Detection, Device, Mask, RgbImage};

/// Reads the outputs of one family.
pub(super) trait Decode: Send {
    /// Adds to `found` who counts, in input pixels, in any order.
    ///
    /// # Errors
    /// When an output is absent or of another shape.
    fn decode(
        &mut self,
        outputs: &Outputs<'_>,
        view: &View,
        found: &mut Vec<Candidate>,
    ) -> Result<(), InferenceError>;

    /// Overlap from which the worse of two boxes is dropped; `None` where the network has done that.
    fn nms_iou(&self) -> Option<f32> {
        None
    }

    /// Name of the input that takes the picture's size, where there is one.
    fn size_input(&self) -> Option<&str> {
        None
    }

    /// Makes `mask` that of the network's box number `row`, which lies at `bbox` in the picture; `false` where the network
    /// has none.
    ///
    /// # Errors
    /// When the output is absent or of another shape.
    fn mask(
        &self,
        _outputs: &Outputs<'_>,
        _row: usize,
        _bbox: BBox,
        _mask: &mut Mask,
    ) -> Result<bool, InferenceError> {
        Ok(false)
    }
}

/// What a decoder is told of the picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    /// Where it lies in the input.
    pub placed: Placed,
    /// Lowest score that counts.
    pub threshold: f32,
}

/// A box that may be somebody.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Candidate {
    /// Where, input pixels.
    pub bbox: BBox,
    /// 0 to 1.
    pub score: f32,
    /// Which of the network's boxes it is.
    pub row: usize,
}

impl Candidate {
    /// The candidate, where box and score are numbers and the box has an area; networks may give anything.
    pub fn checked(bbox: BBox, score: f32, row: usize) -> Option<Self> {
        (score.is_finite() && bbox.is_valid()).then_some(Self { bbox, score, row })
    }
}

/// A loaded detector.
pub(super) struct PictureDetector<D> {
    network: Network,
    input: PictureInput,
    decoder: D,
    candidates: Vec<Candidate>,
    /// As many as ever were needed at once; their memory is used again.
    masks: Vec<Mask>,
    /// Those of them that are of the last picture.
    mask_count: usize,
}

impl<D: Decode> PictureDetector<D> {
    /// A detector whose `network` takes what `input` makes of a picture.
    pub fn new(network: Network, input: PictureInput, decoder: D) -> Self {
        Self { network, input, decoder, candidates: Vec::new(), masks: Vec::new(), mask_count: 0 }
    }
}

impl<D: Decode> Detector for PictureDetector<D> {
    fn id(&self) -> &str {
        self.network.id()
    }

    fn device(&self) -> Device {
        self.network.device()
    }

    fn look_at(&mut self, part: Option<BBox>) {
        self.input.look_at(part);
    }

    fn detect(&mut self, image: &RgbImage, threshold: f32) -> Result<Vec<Detection>, InferenceError> {
        let mut found = Vec::new();
        self.detect_into(image, threshold, &mut found)?;
        Ok(found)
    }

    fn detect_into(
        &mut self,
        image: &RgbImage,
        threshold: f32,
        found: &mut Vec<Detection>,
    ) -> Result<(), InferenceError> {
        let Self { network, input, decoder, candidates, masks, mask_count } = self;
        found.clear();
        candidates.clear();
        *mask_count = 0;
        let placed = input.place(image)?;
        let input = input.tensor();
        let outputs = match decoder.size_input() {
            Some(size_input) => network.run_sized(input, size_input)?,
            None => network.run(input)?,
        };
        decoder.decode(&outputs, &View { placed, threshold }, candidates)?;
        match decoder.nms_iou() {
            Some(iou) => super::suppress::suppress(candidates, iou),
            None => sort_by_score(candidates),
        }
        for &Candidate { bbox, score, row } in candidates.iter() {
            let bbox = placed.in_picture(bbox);
            if masks.len() == *mask_count {
                masks.push(Mask { bbox, side: 0, codes: Vec::new() });
            }
            *mask_count += usize::from(decoder.mask(&outputs, row, bbox, &mut masks[*mask_count])?);
            found.push(Detection { bbox, score });
        }
        Ok(())
    }

    fn masks(&self) -> &[Mask] {
        &self.masks[..self.mask_count]
    }
}
