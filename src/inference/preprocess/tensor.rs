//! A network's input in its own layout and type, filled row by row and used again for every frame.

use ort::session::SessionInputValue;
use ort::value::{Shape, TensorRef};

use crate::inference::contract::{Channels, Element, Feed, Layout};

/// An input tensor of one picture.
#[derive(Debug)]
pub(in crate::inference) struct InputTensor {
    /// Width and height, pixels.
    size: [usize; 2],
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
    Uint8 {
        data: Vec<u8>,
    },
}

impl InputTensor {
    /// A tensor of zeros for what a network takes.
    pub fn new<'c>(feed: impl Into<Feed<'c>>) -> Self {
        let feed = feed.into();
        let len = 3 * feed.size[0] * feed.size[1];
        let values = match feed.element {
            Element::Int32 => Values::Int32 { data: vec![0; len] },
            Element::Uint8 => Values::Uint8 { data: vec![0; len] },
            Element::Float32 => {
                let table = |channel: usize| {
                    let (mean, std) = (feed.mean[channel], feed.std[channel]);
                    std::array::from_fn(|code| (code as f32 - mean) / std)
                };
                let normalised = Box::new([table(0), table(1), table(2)]);
                Values::Float32 { data: vec![0.0; len], normalised }
            }
        };
        let sources = match feed.channels {
            Channels::Rgb => [0, 1, 2],
            Channels::Bgr => [2, 1, 0],
        };
        Self { size: feed.size, layout: feed.layout, sources, values }
    }

    /// Width and height, pixels.
    pub fn size(&self) -> [usize; 2] {
        self.size
    }

    /// Makes it a tensor of another size; what it holds is undefined until every row has been written.
    pub fn resize(&mut self, size: [usize; 2]) {
        self.size = size;
        let len = 3 * size[0] * size[1];
        match &mut self.values {
            Values::Float32 { data, .. } => data.resize(len, 0.0),
            Values::Int32 { data } => data.resize(len, 0),
            Values::Uint8 { data } => data.resize(len, 0),
        }
    }

    /// Writes row `row` from packed R'G'B' codes, the first of them at column `column`. What lies outside the tensor is
    /// left out.
    pub fn write_row(&mut self, row: usize, column: usize, rgb: &[u8]) {
        let place = Place { size: self.size, layout: self.layout, row, column };
        if row >= self.size[1] || column >= self.size[0] {
            return;
        }
        let sources = self.sources;
        match &mut self.values {
            Values::Int32 { data } => write(data, place, rgb, sources, |_, code| i32::from(code)),
            Values::Uint8 { data } => write(data, place, rgb, sources, |_, code| code),
            Values::Float32 { data, normalised } => {
                write(data, place, rgb, sources, |channel, code| normalised[channel][usize::from(code)]);
            }
        }
    }

    /// The tensor as ONNX Runtime takes it, without a copy.
    pub fn as_ort(&self) -> ort::Result<SessionInputValue<'_>> {
        let shape = self.layout.shape(self.size);
        let shape = if self.layout.has_batch() { &shape[..] } else { &shape[1..] };
        let shape = Shape::new(shape.iter().map(|&size| i64::try_from(size).unwrap_or(i64::MAX)));
        Ok(match &self.values {
            Values::Float32 { data, .. } => TensorRef::from_array_view((shape, data.as_slice()))?.into(),
            Values::Int32 { data } => TensorRef::from_array_view((shape, data.as_slice()))?.into(),
            Values::Uint8 { data } => TensorRef::from_array_view((shape, data.as_slice()))?.into(),
        })
    }
}

/// Where in a tensor a run of pixels lies.
#[derive(Clone, Copy)]
struct Place {
    size: [usize; 2],
    layout: Layout,
    row: usize,
    column: usize,
}

/// Writes a row of pixels into a tensor of any type; `value` gives the value of a channel's code.
fn write<T>(
    data: &mut [T],
    Place { size: [width, height], layout, row, column }: Place,
    rgb: &[u8],
    sources: [usize; 3],
    value: impl Fn(usize, u8) -> T,
) {
    let pixels = rgb.as_chunks::<3>().0;
    match layout {
        Layout::Nhwc | Layout::Hwc => {
            let line = &mut data[(row * width + column) * 3..(row + 1) * width * 3];
            for (out, pixel) in line.as_chunks_mut::<3>().0.iter_mut().zip(pixels) {
                *out = std::array::from_fn(|channel| value(channel, pixel[sources[channel]]));
            }
        }
        Layout::Nchw | Layout::Chw => {
            for (channel, plane) in data.chunks_exact_mut(width * height).enumerate() {
                let line = &mut plane[row * width + column..(row + 1) * width];
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
            Values::Uint8 { data } => data.iter().copied().map(f32::from).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inference::contract::InputContract;

    fn contract(layout: Layout, element: Element, channels: Channels) -> InputContract {
        let (mean, std) = match element {
            Element::Float32 => ([10.0, 20.0, 30.0], [2.0, 4.0, 5.0]),
            Element::Int32 | Element::Uint8 => ([0.0; 3], [1.0; 3]),
        };
        InputContract { name: "x".to_owned(), layout, element, side: 2, channels, mean, std }
    }

    #[test]
    fn planes_hold_normalised_codes_in_the_networks_colour_order() {
        let mut tensor = InputTensor::new(&contract(Layout::Nchw, Element::Float32, Channels::Bgr));
        tensor.write_row(1, 0, &[100, 60, 50, 0, 20, 10]);
        let blue = [0.0, 0.0, 20.0, 0.0];
        let green = [0.0, 0.0, 10.0, 0.0];
        let red = [0.0, 0.0, 14.0, -6.0];
        assert_eq!(tensor.to_f32(), [blue, green, red].concat());
    }

    #[test]
    fn packed_integers_hold_the_codes_and_rows_outside_are_left_out() {
        let mut tensor = InputTensor::new(&contract(Layout::Nhwc, Element::Int32, Channels::Rgb));
        tensor.write_row(0, 0, &[1, 2, 3]);
        tensor.write_row(1, 0, &[4, 5, 6, 7, 8, 9, 200, 201, 202]);
        tensor.write_row(2, 0, &[255; 6]);
        let expected = [1, 2, 3, 0, 0, 0, 4, 5, 6, 7, 8, 9].map(|v: u8| f32::from(v));
        assert_eq!(tensor.to_f32(), expected);
    }
}
