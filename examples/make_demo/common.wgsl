// What every pass shares: the frame's uniforms, noise, sun and sky light, haze, tone.

const MATERIAL_SNOW: i32 = 0;
const MATERIAL_MOUNTAIN: i32 = 1;
const MATERIAL_SPRUCE: i32 = 2;
const MATERIAL_POLE: i32 = 3;
const MATERIAL_BODY: i32 = 4;
const MATERIAL_HELMET: i32 = 5;
const MATERIAL_GOGGLES: i32 = 6;
const MATERIAL_BOARD: i32 = 7;
const MATERIAL_BOOT: i32 = 8;
// A rider's materials are this much higher for each outfit after the first.
const OUTFIT: i32 = 16;

struct Frame {
    clip_from_world: mat4x4<f32>,
    near_sun_from_world: mat4x4<f32>,
    far_sun_from_world: mat4x4<f32>,
    world_from_camera: mat4x4<f32>,
    // The pinhole in the world; w is the time in seconds.
    eye: vec4<f32>,
    to_sun: vec4<f32>,
    // Width, height and focal length in pixels.
    picture: vec4<f32>,
    // z of the track's start, of the lip, of the landing and of the rider now.
    track: vec4<f32>,
    // x of the track, every TRACK_STEP metres of z from TRACK_START on.
    track_x: array<vec4<f32>, 80>,
};

const TRACK_START: f32 = -30.0;
const TRACK_STEP: f32 = 0.25;

@group(0) @binding(0) var<uniform> frame: Frame;

struct Surface {
    @builtin(position) clip: vec4<f32>,
    @location(0) world: vec3<f32>,
    @location(1) normal: vec3<f32>,
    @location(2) local: vec3<f32>,
    @location(3) @interpolate(flat) material: i32,
};

const SUN: vec3<f32> = vec3<f32>(1.42, 1.28, 1.08);
const SKY: vec3<f32> = vec3<f32>(0.20, 0.29, 0.46);
const BOUNCE: vec3<f32> = vec3<f32>(0.27, 0.29, 0.33);
const HAZE: vec3<f32> = vec3<f32>(0.50, 0.64, 0.84);

fn hash2(p: vec2<f32>) -> f32 {
    var q = fract(vec3<f32>(p.xyx) * 0.1031);
    q += dot(q, q.yzx + 33.33);
    return fract((q.x + q.y) * q.z);
}

// Value noise and its slope: (value 0..1, d/dx, d/dy).
fn noise_slope(p: vec2<f32>) -> vec3<f32> {
    let cell = floor(p);
    let f = p - cell;
    let u = f * f * f * (f * (f * 6.0 - 15.0) + 10.0);
    let du = 30.0 * f * f * (f * (f - 2.0) + 1.0);
    let a = hash2(cell);
    let b = hash2(cell + vec2<f32>(1.0, 0.0));
    let c = hash2(cell + vec2<f32>(0.0, 1.0));
    let d = hash2(cell + vec2<f32>(1.0, 1.0));
    let k = a - b - c + d;
    return vec3<f32>(
        a + (b - a) * u.x + (c - a) * u.y + k * u.x * u.y,
        du * (vec2<f32>(b - a, c - a) + k * u.yx),
    );
}

fn fractal(p: vec2<f32>, octaves: i32) -> f32 {
    var sum = 0.0;
    var weight = 0.5;
    var q = p;
    for (var octave = 0; octave < octaves; octave++) {
        sum += weight * noise_slope(q).x;
        weight *= 0.5;
        q = q * 2.03 + 17.3;
    }
    return sum;
}

// Blue overhead, pale at the horizon, bright around the sun.
fn sky_color(way: vec3<f32>) -> vec3<f32> {
    let up = clamp(way.y, 0.0, 1.0);
    let zenith = vec3<f32>(0.045, 0.16, 0.50);
    let horizon = vec3<f32>(0.46, 0.64, 0.90);
    var color = mix(horizon, zenith, pow(up, 0.55));
    let to_sun = max(dot(way, frame.to_sun.xyz), 0.0);
    color += vec3<f32>(0.9, 0.75, 0.5) * (0.25 * pow(to_sun, 12.0) + 2.0 * pow(to_sun, 800.0));
    return color;
}

fn with_haze(color: vec3<f32>, world: vec3<f32>) -> vec3<f32> {
    let distance = length(world - frame.eye.xyz);
    let amount = 1.0 - exp(-max(distance - 15.0, 0.0) / 2600.0);
    return mix(color, HAZE, amount);
}

// A shoulder for what is brighter than paper; the target does the sRGB curve.
fn tone(color: vec3<f32>) -> vec4<f32> {
    let x = color * 0.92;
    let mapped = (x * (x * 2.51 + 0.03)) / (x * (x * 2.43 + 0.59) + 0.14);
    return vec4<f32>(clamp(mix(x, mapped, 0.72), vec3<f32>(0.0), vec3<f32>(1.0)), 1.0);
}
