// Behind everything: sky with thin high cloud.

@vertex
fn vs_sky(@builtin(vertex_index) index: u32) -> @builtin(position) vec4<f32> {
    let corner = vec2<f32>(f32(index & 1u), f32(index >> 1u)) * 4.0 - 1.0;
    return vec4<f32>(corner, 0.0, 1.0);
}

@fragment
fn fs_sky(@builtin(position) pixel: vec4<f32>) -> @location(0) vec4<f32> {
    let ray = vec3<f32>((pixel.xy - 0.5 * frame.picture.xy) / frame.picture.z, 1.0);
    let way = normalize((frame.world_from_camera * vec4<f32>(ray, 0.0)).xyz);
    let sheet = way.xz / max(way.y, 0.04);
    let streaks = fractal(sheet * vec2<f32>(0.9, 2.4) + vec2<f32>(frame.eye.w * 0.01, 3.0), 5);
    let cloud = smoothstep(0.46, 0.82, streaks) * smoothstep(0.05, 0.30, way.y) * 0.55;
    return tone(mix(sky_color(way), vec3<f32>(0.92, 0.94, 0.98), cloud));
}
