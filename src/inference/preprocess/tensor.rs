//! A network's input in its own layout and type, filled in bands of rows beside each other and used again for every frame.

use ort::session::SessionInputValue;
use ort::value::{Shape, TensorRef};
use rayon::prelude::*;

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
    /// With what is subtracted from each code and what divides the rest, by the network's channel.
    Float32 {
        data: Vec<f32>,
        mean: [f32; 3],
        std: [f32; 3],
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
            Element::Float32 => Values::Float32 { data: vec![0.0; len], mean: feed.mean, std: feed.std },
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

    /// Sets every value to that of the code `pad` in all channels.
    pub fn clear(&mut self, pad: u8) {
        let mut row = [pad; 3].repeat(self.size[0]);
        self.write_rows([0; 2], self.size[1], std::slice::from_mut(&mut row), |row, _| row);
    }

    /// Writes `count` rows of packed R'G'B' codes from column and row `first` on; `line` makes each, counted from 0. The rows
    /// are made in bands beside each other, one for each of `workers`, who is handed to `line`. What lies outside the tensor
    /// is left out.
    pub fn write_rows<W: Send>(
        &mut self,
        first: [usize; 2],
        count: usize,
        workers: &mut [W],
        line: impl for<'w> Fn(&'w mut W, usize) -> &'w [u8] + Sync,
    ) {
        let place = Place { size: self.size, layout: self.layout, first, count };
        let sources = self.sources;
        match &mut self.values {
            Values::Int32 { data } => place.write(data, workers, line, |_, code| i32::from(code), sources),
            Values::Uint8 { data } => place.write(data, workers, line, |_, code| code, sources),
            Values::Float32 { data, mean, std } => {
                let (mean, std) = (*mean, *std);
                let value = |channel: usize, code| (f32::from(code) - mean[channel]) / std[channel];
                place.write(data, workers, line, value, sources);
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

/// Where in a tensor rows of pixels lie.
#[derive(Clone, Copy)]
struct Place {
    size: [usize; 2],
    layout: Layout,
    first: [usize; 2],
    count: usize,
}

impl Place {
    /// Writes rows into a tensor of any type; `value` gives the value of a channel's code.
    fn write<T: Send, W: Send>(
        self,
        data: &mut [T],
        workers: &mut [W],
        line: impl for<'w> Fn(&'w mut W, usize) -> &'w [u8] + Sync,
        value: impl Fn(usize, u8) -> T + Sync,
        sources: [usize; 3],
    ) {
        let Self { size: [width, height], layout, first: [column, row], count } = self;
        let count = count.min(height.saturating_sub(row));
        if column >= width || count == 0 || workers.is_empty() {
            return;
        }
        let rows = count.div_ceil(workers.len());
        let packed = |out: &mut [T], rgb: &[u8]| {
            let out = out[column * 3..].as_chunks_mut::<3>().0;
            for (out, pixel) in out.iter_mut().zip(rgb.as_chunks::<3>().0) {
                *out = std::array::from_fn(|channel| value(channel, pixel[sources[channel]]));
            }
        };
        let planar = |channel: usize, out: &mut [T], rgb: &[u8]| {
            let (out, pixels) = (&mut out[column..], rgb.as_chunks::<3>().0);
            let value = |code| value(channel, code);
            // A place in the pixel that is known when this is compiled lets many pixels be done at once.
            match sources[channel] {
                0 => plane::<0, T>(out, pixels, value),
                1 => plane::<1, T>(out, pixels, value),
                _ => plane::<2, T>(out, pixels, value),
            }
        };
        match layout {
            Layout::Nhwc | Layout::Hwc => {
                let data = &mut data[row * width * 3..(row + count) * width * 3];
                let bands = workers.par_iter_mut().zip(data.par_chunks_mut(rows * width * 3)).enumerate();
                bands.for_each(|(band, (worker, out))| {
                    for (at, out) in out.chunks_exact_mut(width * 3).enumerate() {
                        packed(out, line(worker, band * rows + at));
                    }
                });
            }
            Layout::Nchw | Layout::Chw => {
                let (red, rest) = data.split_at_mut(width * height);
                let (green, blue) = rest.split_at_mut(width * height);
                let [red, green, blue] = [red, green, blue]
                    .map(|plane| plane[row * width..(row + count) * width].par_chunks_mut(rows * width));
                let bands = workers.par_iter_mut().zip(red).zip(green).zip(blue).enumerate();
                bands.for_each(|(band, (((worker, red), green), blue))| {
                    let rows_of = |plane| <[T]>::chunks_exact_mut(plane, width);
                    let lines = rows_of(red).zip(rows_of(green)).zip(rows_of(blue)).enumerate();
                    for (at, ((red, green), blue)) in lines {
                        let rgb = line(worker, band * rows + at);
                        planar(0, red, rgb);
                        planar(1, green, rgb);
                        planar(2, blue, rgb);
                    }
                });
            }
        }
    }
}

/// Writes the values of one colour of `pixels`.
fn plane<const SOURCE: usize, T>(out: &mut [T], pixels: &[[u8; 3]], value: impl Fn(u8) -> T) {
    for (out, pixel) in out.iter_mut().zip(pixels) {
        *out = value(pixel[SOURCE]);
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
        tensor.write_rows([0, 1], 1, &mut [[100, 60, 50, 0, 20, 10]], |row, _| row);
        let blue = [0.0, 0.0, 20.0, 0.0];
        let green = [0.0, 0.0, 10.0, 0.0];
        let red = [0.0, 0.0, 14.0, -6.0];
        assert_eq!(tensor.to_f32(), [blue, green, red].concat());
    }

    #[test]
    fn packed_integers_hold_the_codes_and_rows_outside_are_left_out() {
        let mut tensor = InputTensor::new(&contract(Layout::Nhwc, Element::Int32, Channels::Rgb));
        let rows: [&[u8]; 3] = [&[1, 2, 3], &[4, 5, 6, 7, 8, 9, 200, 201, 202], &[255; 6]];
        tensor.write_rows([0, 0], 3, &mut [rows, rows], |rows, row| rows[row]);
        tensor.write_rows([2, 0], 3, &mut [rows], |rows, row| rows[row]);
        let expected = [1, 2, 3, 0, 0, 0, 4, 5, 6, 7, 8, 9].map(|v: u8| f32::from(v));
        assert_eq!(tensor.to_f32(), expected);
    }
}
