// Puffs of thrown snow: soft discs that face the camera.

struct Puff {
    @builtin(position) clip: vec4<f32>,
    @location(0) corner: vec2<f32>,
    @location(1) opacity: f32,
};

@vertex
fn vs_spray(
    @builtin(vertex_index) index: u32,
    @location(0) position: vec3<f32>,
    @location(1) radius: f32,
    @location(2) opacity: f32,
) -> Puff {
    let corner = vec2<f32>(f32(index & 1u), f32(index >> 1u)) * 2.0 - 1.0;
    let right = frame.world_from_camera[0].xyz;
    let down = frame.world_from_camera[1].xyz;
    let world = position + (right * corner.x + down * corner.y) * radius;
    return Puff(frame.clip_from_world * vec4<f32>(world, 1.0), corner, opacity);
}

@fragment
fn fs_spray(puff: Puff) -> @location(0) vec4<f32> {
    let soft = max(1.0 - dot(puff.corner, puff.corner), 0.0);
    let bright = mix(0.86, 1.0, 0.5 - 0.5 * puff.corner.y);
    return vec4<f32>(vec3<f32>(0.93, 0.95, 0.99) * bright, puff.opacity * soft * soft);
}
