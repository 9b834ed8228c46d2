//! Seeded noise: the same numbers on every machine and every run.

/// A well-mixed number in 0..1 for `key` (the finaliser of SplitMix64, Steele et al., 2014).
pub fn unit(key: u64) -> f32 {
    let mut z = key.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 40) as f32 / (1 << 24) as f32
}

/// A well-mixed number in -1..1.
pub fn signed(key: u64) -> f32 {
    unit(key) * 2.0 - 1.0
}

fn lattice(x: i32, y: i32, seed: u64) -> f32 {
    unit(seed ^ (u64::from(x as u32) << 32) ^ u64::from(y as u32))
}

/// Value noise over the plane, 0..1, smooth, one feature a unit.
pub fn value(x: f32, y: f32, seed: u64) -> f32 {
    let (column, row) = (x.floor(), y.floor());
    let fade = |t: f32| t * t * t * (t * (t * 6.0 - 15.0) + 10.0);
    let (u, v) = (fade(x - column), fade(y - row));
    let (column, row) = (column as i32, row as i32);
    let corner = |dx: i32, dy: i32| lattice(column.wrapping_add(dx), row.wrapping_add(dy), seed);
    let near = corner(0, 0) + (corner(1, 0) - corner(0, 0)) * u;
    let far = corner(0, 1) + (corner(1, 1) - corner(0, 1)) * u;
    near + (far - near) * v
}

/// The sum of `octaves` of [`value`], each twice as fine and half as strong; 0..1.
pub fn fractal(x: f32, y: f32, octaves: u32, seed: u64) -> f32 {
    let (mut sum, mut weight, mut scale, mut total) = (0.0, 1.0, 1.0, 0.0);
    for octave in 0..octaves {
        sum += weight * value(x * scale, y * scale, seed + u64::from(octave));
        total += weight;
        weight *= 0.5;
        scale *= 2.03;
    }
    sum / total
}

/// Fractal noise folded at its middle, which makes crests: mountains. 0..1.
pub fn ridged(x: f32, y: f32, octaves: u32, seed: u64) -> f32 {
    let (mut sum, mut weight, mut scale, mut total) = (0.0, 1.0, 1.0, 0.0);
    for octave in 0..octaves {
        let fold = 1.0 - (value(x * scale, y * scale, seed + u64::from(octave)) * 2.0 - 1.0).abs();
        sum += weight * fold * fold;
        total += weight;
        weight *= 0.48;
        scale *= 2.07;
    }
    sum / total
}
