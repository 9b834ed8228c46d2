// Planes of Y'CbCr to R'G'B' for a standard screen. Every depth, subsampling and arrangement of the planes is read
// where it lies: each texel holds one sample or two, of one byte or two (ITU-T H.273, 8.3). A sample of two bytes is a
// texel of two channels: both are filtered alike, so their sum is the filtered sample, and no 16-bit texture format is
// needed, which not every device has. The light of wide and of high dynamic range pictures is brought onto the screen as types/light.rs says.

struct Picture {
    size_px: vec2f,
    offset_px: vec2f,
    chroma_scale: vec2f,
    chroma_offset: vec2f,
    scale: f32,
    byte_weight: f32,
    y_offset: f32,
    y_scale: f32,
    c_scale: f32,
    r_v: f32,
    g_u: f32,
    g_v: f32,
    b_u: f32,
    peak_nits: f32,
    to_red: vec4f,
    to_green: vec4f,
    to_blue: vec4f,
}

// What is the same for every pixel of a picture is a constant of its pipeline: a software renderer goes through both
// sides of a branch and does not unroll a loop whose end it does not know, which takes up to six times as long.
override LIGHT: u32 = 0u;
override WIDE: bool = false;
override INTERLEAVED: bool = false;
// Samples along each side of a target pixel, of the luma and of the chroma.
override TAPS: i32 = 2;
override CHROMA_TAPS: i32 = 1;

// Values of LIGHT.
const AS_IT_IS: u32 = 0u;
const STANDARD: u32 = 1u;
const PQ: u32 = 2u;
const HLG: u32 = 3u;

@group(1) @binding(0) var<uniform> picture: Picture;
@group(1) @binding(1) var plane_sampler: sampler;
@group(1) @binding(2) var luma: texture_2d<f32>;
@group(1) @binding(3) var blue_difference: texture_2d<f32>;
@group(1) @binding(4) var red_difference: texture_2d<f32>;

@vertex
fn vs_main(@builtin(vertex_index) vertex: u32) -> @builtin(position) vec4f {
    let at_px = picture.offset_px + quad_corner(vertex) * picture.size_px * picture.scale;
    return clip_from_px(at_px, globals.target_px);
}

// The code, on the scale of 8 bits, of a sample whose bytes are these channels of a texel, the lower first.
fn code(bytes: vec2f) -> f32 {
    if WIDE {
        return (bytes.x + 256.0 * bytes.y) * picture.byte_weight;
    }
    return bytes.x * picture.byte_weight;
}

// Codes (U, V) at a picture position, bilinear.
fn chroma_at(picture_px: vec2f) -> vec2f {
    let chroma_px = picture_px * picture.chroma_scale + picture.chroma_offset;
    let at = chroma_px / vec2f(textureDimensions(blue_difference));
    let first = textureSampleLevel(blue_difference, plane_sampler, at, 0.0);
    if INTERLEAVED && WIDE {
        return vec2f(code(first.xy), code(first.zw));
    }
    if INTERLEAVED {
        return vec2f(code(first.xx), code(first.yy));
    }
    let second = textureSampleLevel(red_difference, plane_sampler, at, 0.0);
    return vec2f(code(first.xy), code(second.xy));
}

// Code Y at a picture position, bilinear.
fn luma_at(picture_px: vec2f) -> f32 {
    return code(textureSampleLevel(luma, plane_sampler, picture_px / picture.size_px, 0.0).xy);
}

fn rgb_from_codes(codes: vec3f) -> vec4f {
    let y = (codes.x - picture.y_offset) * picture.y_scale;
    let u = (codes.y - 128.0) * picture.c_scale;
    let v = (codes.z - 128.0) * picture.c_scale;
    let rgb = vec3f(y + picture.r_v * v, y + picture.g_u * u + picture.g_v * v, y + picture.b_u * u);
    if LIGHT == AS_IT_IS {
        return vec4f(saturate(rgb), 1.0);
    }
    return vec4f(on_screen(saturate(rgb)), 1.0);
}

const SCREEN_GAMMA: f32 = 2.4;
const REFERENCE_WHITE_NITS: f32 = 203.0;
const HLG_PEAK_NITS: f32 = 1000.0;
// SMPTE ST 2084, 5.2.
const M1: f32 = 0.1593017578125;
const M2: f32 = 78.84375;
const C1: f32 = 0.8359375;
const C2: f32 = 18.8515625;
const C3: f32 = 18.6875;

fn pq_to_nits(code: vec3f) -> vec3f {
    let power = pow(code, vec3f(1.0 / M2));
    return 10000.0 * pow(max(power - C1, vec3f(0.0)) / (C2 - C3 * power), vec3f(1.0 / M1));
}

fn nits_to_pq(nits: f32) -> f32 {
    let power = pow(saturate(nits / 10000.0), M1);
    return pow((C1 + C2 * power) / (1.0 + C3 * power), M2);
}

// Inverse OETF and OOTF of HLG (ITU-R BT.2100, table 5).
fn hlg_to_nits(code: vec3f) -> vec3f {
    let low = code * code / 3.0;
    let high = (exp((code - 0.55991073) / 0.17883277) + 0.28466892) / 12.0;
    let scene = select(high, low, code <= vec3f(0.5));
    let luminance = dot(scene, vec3f(0.2627, 0.6780, 0.0593));
    return scene * HLG_PEAK_NITS * pow(max(luminance, 1e-6), 0.2);
}

// EETF of ITU-R BT.2390, 5.4.1, of the brightest channel.
fn rolled_off(nits: vec3f) -> vec3f {
    let brightest = max(max(nits.r, nits.g), nits.b);
    let peak = nits_to_pq(picture.peak_nits);
    let white = nits_to_pq(REFERENCE_WHITE_NITS) / peak;
    let knee = 1.5 * white - 0.5;
    let at = min(nits_to_pq(brightest) / peak, 1.0);
    var mapped = min(brightest, REFERENCE_WHITE_NITS);
    if white < 1.0 && at >= knee {
        let t = (at - knee) / (1.0 - knee);
        let t2 = t * t;
        let t3 = t2 * t;
        let rolled = (2.0 * t3 - 3.0 * t2 + 1.0) * knee + (t3 - 2.0 * t2 + t) * (1.0 - knee)
            + (3.0 * t2 - 2.0 * t3) * white;
        mapped = pq_to_nits(vec3f(rolled * peak)).x;
    }
    return nits * (mapped / max(brightest, 1e-6) / REFERENCE_WHITE_NITS);
}

fn on_screen(rgb: vec3f) -> vec3f {
    var linear = vec3f(0.0);
    switch LIGHT {
        case PQ: { linear = rolled_off(pq_to_nits(rgb)); }
        case HLG: { linear = rolled_off(hlg_to_nits(rgb)); }
        default: { linear = pow(rgb, vec3f(SCREEN_GAMMA)); }
    }
    let screen = vec3f(
        dot(picture.to_red.xyz, linear),
        dot(picture.to_green.xyz, linear),
        dot(picture.to_blue.xyz, linear),
    );
    return pow(saturate(screen), vec3f(1.0 / SCREEN_GAMMA));
}

// Pixel on pixel: the luma needs no filter.
@fragment
fn fs_exact(@builtin(position) at: vec4f) -> @location(0) vec4f {
    let picture_px = at.xy - picture.offset_px;
    let y = code(textureLoad(luma, vec2i(picture_px), 0).xy);
    return rgb_from_codes(vec3f(y, chroma_at(picture_px)));
}

// One sample a pixel: the picture at another size or between the pixels.
@fragment
fn fs_main(@builtin(position) at: vec4f) -> @location(0) vec4f {
    let picture_px = (at.xy - picture.offset_px) / picture.scale;
    return rgb_from_codes(vec3f(luma_at(picture_px), chroma_at(picture_px)));
}

// Where one of `taps` × `taps` samples of the target pixel's footprint lies from its centre, picture pixels.
fn tap_px(column: i32, row: i32, taps: i32) -> vec2f {
    let side = f32(taps);
    return (vec2f(f32(column), f32(row)) + 0.5 - 0.5 * side) / (picture.scale * side);
}

// The picture made smaller: the mean of the target pixel's footprint.
@fragment
fn fs_reduced(@builtin(position) at: vec4f) -> @location(0) vec4f {
    let centre_px = (at.xy - picture.offset_px) / picture.scale;
    var y = 0.0;
    for (var row = 0; row < TAPS; row++) {
        for (var column = 0; column < TAPS; column++) {
            y += luma_at(centre_px + tap_px(column, row, TAPS));
        }
    }
    var uv = vec2f(0.0);
    for (var row = 0; row < CHROMA_TAPS; row++) {
        for (var column = 0; column < CHROMA_TAPS; column++) {
            uv += chroma_at(centre_px + tap_px(column, row, CHROMA_TAPS));
        }
    }
    y /= f32(TAPS * TAPS);
    uv /= f32(CHROMA_TAPS * CHROMA_TAPS);
    return rgb_from_codes(vec3f(y, uv));
}
