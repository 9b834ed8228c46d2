// Edges of triangles by the distance to each side in pixels, from barycentric coordinates and their derivatives
// (Baerentzen et al., Single-pass wireframe rendering, 2006).

struct Corner {
    @invariant @builtin(position) clip: vec4f,
    @location(0) barycentric: vec3f,
    @location(1) @interpolate(flat) color: vec3f,
    @location(2) @interpolate(flat) opacity: f32,
}

// Positions in a row of the texture.
const ROW: u32 = 1024u;
// Brings the edges in front of the surface that they lie on: 0.05 % of the distance.
const TOWARDS_EYE: f32 = 1.0005;

@group(1) @binding(0) var positions_m: texture_2d<f32>;

@vertex
fn vs_main(@builtin(vertex_index) corner: u32, @location(0) vertex: u32, body: Body) -> Corner {
    let index = body.first_vertex + vertex;
    let point_m = textureLoad(positions_m, vec2u(index % ROW, index / ROW), 0).xyz;
    var out: Corner;
    out.clip = layer_clip_from_camera(point_m, body.camera_px);
    out.clip.z *= TOWARDS_EYE;
    let nth = corner % 3u;
    out.barycentric = vec3f(f32(nth == 0u), f32(nth == 1u), f32(nth == 2u));
    out.color = linear_from_srgb(body.color);
    out.opacity = body.opacity;
    return out;
}

@fragment
fn fs_main(in: Corner) -> @location(0) vec4f {
    let across = dpdx(in.barycentric);
    let down = dpdy(in.barycentric);
    let per_px = sqrt(across * across + down * down) + 1e-6;
    let distances_px = in.barycentric / per_px;
    let distance_px = min(distances_px.x, min(distances_px.y, distances_px.z));
    let half_width_px = 0.55 * globals.unit_px;
    let line = saturate(half_width_px + 0.5 - distance_px) * saturate(2.0 * half_width_px);
    // Where triangles are about as small as lines are wide, lines fade rather than fill the body.
    let altitude_px = 1.0 / max(per_px.x, max(per_px.y, per_px.z));
    let density = smoothstep(0.5, 6.0, altitude_px / (2.0 * half_width_px));
    // Dark on a surface; the body's own colour where nothing else shows it.
    let alpha = in.opacity * line * mix(mix(0.5, 0.16, globals.surfaces), mix(1.0, 0.8, globals.surfaces), density);
    let color = in.color * mix(1.0, 0.10, globals.surfaces);
    return premultiplied(srgb_from_linear(color), alpha);
}
