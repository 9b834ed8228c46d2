// Straight strokes with round ends, solid or dashed, as signed distances on instanced quads.

struct Stroke {
    @location(0) from_px: vec2f,
    @location(1) to_px: vec2f,
    @location(2) color: vec4f,
    // Half the width, the dash period (0: solid) and the length of a dash between its round ends.
    @location(3) shape_px: vec3f,
}

struct Fragment {
    @builtin(position) clip: vec4f,
    // Along and across the stroke, from its start.
    @location(0) local_px: vec2f,
    @location(1) @interpolate(flat) color: vec4f,
    @location(2) @interpolate(flat) shape_px: vec3f,
    @location(3) @interpolate(flat) length_px: f32,
}

@vertex
fn vs_main(@builtin(vertex_index) vertex: u32, stroke: Stroke) -> Fragment {
    let span = stroke.to_px - stroke.from_px;
    let length_px = length(span);
    let along = select(vec2f(1.0, 0.0), span / length_px, length_px > 1e-6);
    let across = vec2f(-along.y, along.x);
    let reach_px = stroke.shape_px.x + 1.0;
    let corner = quad_corner(vertex);
    let local_px = vec2f(mix(-reach_px, length_px + reach_px, corner.x), mix(-reach_px, reach_px, corner.y));
    var out: Fragment;
    out.clip = clip_from_px(stroke.from_px + along * local_px.x + across * local_px.y, globals.target_px);
    out.local_px = local_px;
    out.color = stroke.color;
    out.shape_px = stroke.shape_px;
    out.length_px = length_px;
    return out;
}

@fragment
fn fs_main(in: Fragment) -> @location(0) vec4f {
    let half_width_px = in.shape_px.x;
    let period_px = in.shape_px.y;
    var start_px = 0.0;
    var end_px = in.length_px;
    if period_px > 0.0 {
        // Dashes are centred on multiples of the period; the nearest one counts.
        let middle_px = round(in.local_px.x / period_px) * period_px;
        start_px = clamp(middle_px - 0.5 * in.shape_px.z, 0.0, in.length_px);
        end_px = clamp(middle_px + 0.5 * in.shape_px.z, 0.0, in.length_px);
    }
    let nearest_px = vec2f(clamp(in.local_px.x, start_px, end_px), 0.0);
    let inside = coverage(distance(in.local_px, nearest_px) - half_width_px);
    return premultiplied(in.color.rgb, in.color.a * inside);
}
