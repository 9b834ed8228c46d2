//! A network's input in its own layout and type, filled row by row and used again for every frame.

use ort::session::SessionInputValue;
use ort::value::TensorRef;

use crate::inference::contract::{Channels, Element, InputContract, Layout};

/// An input tensor of one square picture.
#[derive(Debug)]
pub(in crate::inference) struct InputTensor {
    side: usize,
    shape: [usize; 4],
    layout: Layout,
    /// For each of the network's channels, which of red, green and blue it is.
    sources: [usize; 3],
    values: Values,
}

#[derive(Debug)]
enum Values {
    /// With the normalised value of each code, by the network's channel.
    Float32 {
        data: Vec<f32>,
        normalised: Box<[[f32; 256]; 3]>,
    },
    Int32 {
        data: Vec<i32>,
    },
}

impl InputTensor {
    /// A tensor of zeros for `contract`.
    pub fn new(contract: &InputContract) -> Self {
        let shape = contract.shape();
        let len = shape.iter().product();
        let values = match contract.element {
            Element::Int32 => Values::Int32 { data: vec![0; len] },
            Element::Float32 => {
                let table = |channel: usize| {
                    let (mean, std) = (contract.mean[channel], contract.std[channel]);
                    std::array::from_fn(|code| (code as f32 - mean) / std)
                };
                let normalised = Box::new([table(0), table(1), table(2)]);
                Values::Float32 { data: vec![0.0; len], normalised }
            }
        };
        let sources = match contract.channels {
            Channels::Rgb => [0, 1, 2],
            Channels::Bgr => [2, 1, 0],
        };
        Self { side: contract.side, shape, layout: contract.layout, sources, values }
    }

    /// Width and height, pixels.
    pub fn side(&self) -> usize {
        self.side
    }

    /// Writes the beginning of row `row` from packed R'G'B' codes. What lies outside the tensor is left out.
    pub fn write_row(&mut self, row: usize, rgb: &[u8]) {
        if row >= self.side {
            return;
        }
        let (side, sources, layout) = (self.side, self.sources, self.layout);
        match &mut self.values {
            Values::Int32 { data } => write(data, layout, side, row, rgb, sources, |_, code| i32::from(code)),
            Values::Float32 { data, normalised } => {
                write(data, layout, side, row, rgb, sources, |channel, code| {
                    normalised[channel][usize::from(code)]
                });
            }
        }
    }

    /// The tensor as ONNX Runtime takes it, without a copy.
    pub fn as_ort(&self) -> ort::Result<SessionInputValue<'_>> {
        Ok(match &self.values {
            Values::Float32 { data, .. } => TensorRef::from_array_view((self.shape, data.as_slice()))?.into(),
            Values::Int32 { data } => TensorRef::from_array_view((self.shape, data.as_slice()))?.into(),
        })
    }
}

/// Writes a row of pixels into a tensor of any type; `value` gives the value of a channel's code.
fn write<T>(
    data: &mut [T],
    layout: Layout,
    side: usize,
    row: usize,
    rgb: &[u8],
    sources: [usize; 3],
    value: impl Fn(usize, u8) -> T,
) {
    let pixels = rgb.as_chunks::<3>().0;
    match layout {
        Layout::Nhwc => {
            let line = &mut data[row * side * 3..(row + 1) * side * 3];
            for (out, pixel) in line.as_chunks_mut::<3>().0.iter_mut().zip(pixels) {
                *out = std::array::from_fn(|channel| value(channel, pixel[sources[channel]]));
            }
        }
        Layout::Nchw => {
            for (channel, plane) in data.chunks_exact_mut(side * side).enumerate() {
                let line = &mut plane[row * side..(row + 1) * side];
                for (out, pixel) in line.iter_mut().zip(pixels) {
                    *out = value(channel, pixel[sources[channel]]);
                }
            }
        }
    }
}

#[cfg(test)]
impl InputTensor {
    /// The values as floating point numbers, in the tensor's order.
    pub fn to_f32(&self) -> Vec<f32> {
        match &self.values {
            Values::Float32 { data, .. } => data.clone(),
            Values::Int32 { data } => data.iter().map(|&v| v as f32).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contract(layout: Layout, element: Element, channels: Channels) -> InputContract {
        let (mean, std) = match element {
            Element::Float32 => ([10.0, 20.0, 30.0], [2.0, 4.0, 5.0]),
            Element::Int32 => ([0.0; 3], [1.0; 3]),
        };
        InputContract { name: "x".to_owned(), layout, element, side: 2, channels, mean, std }
    }

    #[test]
    fn planes_hold_normalised_codes_in_the_networks_colour_order() {
        let mut tensor = InputTensor::new(&contract(Layout::Nchw, Element::Float32, Channels::Bgr));
        tensor.write_row(1, &[100, 60, 50, 0, 20, 10]);
        let blue = [0.0, 0.0, 20.0, 0.0];
        let green = [0.0, 0.0, 10.0, 0.0];
        let red = [0.0, 0.0, 14.0, -6.0];
        assert_eq!(tensor.to_f32(), [blue, green, red].concat());
    }

    #[test]
    fn packed_integers_hold_the_codes_and_rows_outside_are_left_out() {
        let mut tensor = InputTensor::new(&contract(Layout::Nhwc, Element::Int32, Channels::Rgb));
        tensor.write_row(0, &[1, 2, 3]);
        tensor.write_row(1, &[4, 5, 6, 7, 8, 9, 200, 201, 202]);
        tensor.write_row(2, &[255; 6]);
        let expected = [1, 2, 3, 0, 0, 0, 4, 5, 6, 7, 8, 9].map(|v: u8| f32::from(v));
        assert_eq!(tensor.to_f32(), expected);
    }
}
