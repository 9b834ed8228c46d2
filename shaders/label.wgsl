// Rounded grounds and the glyphs on them.

struct Piece {
    @location(0) min_px: vec2f,
    @location(1) max_px: vec2f,
    // Top-left texel of a glyph.
    @location(2) texel: vec2f,
    // Corner radius of a ground; below 0 the piece is a glyph.
    @location(3) radius_px: f32,
    @location(4) color: vec4f,
}

struct Fragment {
    @builtin(position) clip: vec4f,
    // From the middle of a ground, or texels of a glyph.
    @location(0) local_px: vec2f,
    @location(1) @interpolate(flat) half_size_px: vec2f,
    @location(2) @interpolate(flat) radius_px: f32,
    @location(3) @interpolate(flat) color: vec4f,
}

@group(1) @binding(0) var atlas: texture_2d<f32>;

@vertex
fn vs_main(@builtin(vertex_index) vertex: u32, piece: Piece) -> Fragment {
    let corner = quad_corner(vertex);
    let is_glyph = piece.radius_px < 0.0;
    // A ground's antialiased rim reaches past its edge.
    let reach_px = select(1.0, 0.0, is_glyph);
    let at_px = mix(piece.min_px - reach_px, piece.max_px + reach_px, corner);
    var out: Fragment;
    out.clip = clip_from_px(at_px, globals.target_px);
    out.half_size_px = 0.5 * (piece.max_px - piece.min_px);
    let middle_px = 0.5 * (piece.min_px + piece.max_px);
    out.local_px = select(at_px - middle_px, at_px - piece.min_px + piece.texel, is_glyph);
    out.radius_px = piece.radius_px;
    out.color = piece.color;
    return out;
}

@fragment
fn fs_main(in: Fragment) -> @location(0) vec4f {
    var inside: f32;
    if in.radius_px < 0.0 {
        inside = textureLoad(atlas, vec2i(in.local_px), 0).r;
    } else {
        inside = coverage(rounded_rect_distance(in.local_px, in.half_size_px, in.radius_px));
    }
    return premultiplied(in.color.rgb, in.color.a * inside);
}
