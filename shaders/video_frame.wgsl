// 8-bit 4:2:0 planes to gamma-coded R'G'B' (ITU-T H.273, 8.3).

struct Picture {
    size_px: vec2f,
    offset_px: vec2f,
    scale: f32,
    taps: f32,
    y_offset: f32,
    y_scale: f32,
    c_scale: f32,
    r_v: f32,
    g_u: f32,
    g_v: f32,
    b_u: f32,
    padding: f32,
}

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

// Codes (U, V) at a picture position, bilinear.
fn chroma_at(picture_px: vec2f) -> vec2f {
    // A chroma sample sits on the left one of its two luma columns and between its two rows: chroma_sample_loc_type 0,
    // what H.264 and H.265 mean when they say nothing.
    let chroma_px = picture_px * 0.5 + vec2f(0.25, 0.0);
    let chroma_size = vec2f(textureDimensions(blue_difference));
    let u = textureSampleLevel(blue_difference, plane_sampler, chroma_px / chroma_size, 0.0).r;
    let v = textureSampleLevel(red_difference, plane_sampler, chroma_px / chroma_size, 0.0).r;
    return vec2f(u, v) * 255.0;
}

// Codes (Y, U, V) at a picture position, bilinear.
fn codes_at(picture_px: vec2f) -> vec3f {
    let y = textureSampleLevel(luma, plane_sampler, picture_px / picture.size_px, 0.0).r * 255.0;
    return vec3f(y, chroma_at(picture_px));
}

fn rgb_from_codes(codes: vec3f) -> vec4f {
    let y = (codes.x - picture.y_offset) * picture.y_scale;
    let u = (codes.y - 128.0) * picture.c_scale;
    let v = (codes.z - 128.0) * picture.c_scale;
    let rgb = vec3f(y + picture.r_v * v, y + picture.g_u * u + picture.g_v * v, y + picture.b_u * u);
    return vec4f(saturate(rgb), 1.0);
}

// Pixel on pixel: the luma needs no filter.
@fragment
fn fs_exact(@builtin(position) at: vec4f) -> @location(0) vec4f {
    let picture_px = at.xy - picture.offset_px;
    let y = textureLoad(luma, vec2i(picture_px), 0).r * 255.0;
    return rgb_from_codes(vec3f(y, chroma_at(picture_px)));
}

// One sample a pixel: the picture at another size or between the pixels.
@fragment
fn fs_main(@builtin(position) at: vec4f) -> @location(0) vec4f {
    return rgb_from_codes(codes_at((at.xy - picture.offset_px) / picture.scale));
}

// The picture made smaller: the mean of the target pixel's footprint.
@fragment
fn fs_reduced(@builtin(position) at: vec4f) -> @location(0) vec4f {
    let centre_px = (at.xy - picture.offset_px) / picture.scale;
    let taps = i32(picture.taps);
    let step_px = 1.0 / (picture.scale * picture.taps);
    var codes = vec3f(0.0);
    for (var row = 0; row < taps; row++) {
        for (var column = 0; column < taps; column++) {
            let nth = vec2f(f32(column), f32(row));
            codes += codes_at(centre_px + (nth + 0.5 - 0.5 * picture.taps) * step_px);
        }
    }
    return rgb_from_codes(codes / (picture.taps * picture.taps));
}
