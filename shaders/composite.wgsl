// The body layer, texel on pixel, over the picture.

@group(1) @binding(0) var layer: texture_2d<f32>;

@vertex
fn vs_main(@builtin(vertex_index) vertex: u32) -> @builtin(position) vec4f {
    return clip_from_px(globals.layer_origin_px + quad_corner(vertex) * globals.layer_px, globals.target_px);
}

@fragment
fn fs_main(@builtin(position) at: vec4f) -> @location(0) vec4f {
    return textureLoad(layer, vec2i(at.xy - globals.layer_origin_px), 0);
}
