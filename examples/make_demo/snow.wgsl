// The slope: groomed ridges on the run, powder beside it, old tracks and the rider's own.

// The groove of a board: how deep, and which way its walls lean, at `offset` metres from its middle.
fn groove(offset: f32, half_width: f32) -> vec2<f32> {
    let t = offset / half_width;
    let inside = 1.0 - smoothstep(0.75, 1.15, abs(t));
    let wall = smoothstep(0.6, 1.0, abs(t)) * (1.0 - smoothstep(1.0, 1.5, abs(t)));
    return vec2<f32>(inside, wall * sign(t));
}

fn ride_x(z: f32) -> f32 {
    let at = clamp((z - TRACK_START) / TRACK_STEP, 0.0, 318.0);
    let index = i32(at);
    let next = index + 1;
    let a = frame.track_x[index / 4][index % 4];
    let b = frame.track_x[next / 4][next % 4];
    return mix(a, b, fract(at));
}

// The rider's own track, where he has been and was on the snow.
fn own_track(world: vec3<f32>) -> vec2<f32> {
    let z = world.z;
    let before_lip = z > frame.track.x && z < min(frame.track.y, frame.track.w);
    let after_landing = z > frame.track.z && z < frame.track.w;
    if !(before_lip || after_landing) {
        return vec2<f32>(0.0);
    }
    return groove(world.x - ride_x(z), 0.15);
}

fn old_tracks(world: vec3<f32>) -> vec2<f32> {
    var sum = vec2<f32>(0.0);
    let z = world.z;
    sum += groove(world.x - (3.2 + 1.3 * sin(z * 0.23 + 0.5)), 0.12);
    sum += groove(world.x - (-3.6 + 1.6 * sin(z * 0.19 + 2.1)), 0.13);
    sum += groove(world.x - (-6.0 + 0.9 * sin(z * 0.31)), 0.11);
    sum += groove(world.x - (6.4 + 1.5 * sin(z * 0.16 + 4.0)), 0.12);
    sum += groove(world.x - (0.25 + 0.12 * sin(z * 0.4)), 0.13) * step(z, 0.0);
    return sum * 0.7;
}

@fragment
fn fs_snow(surface: Surface) -> @location(0) vec4<f32> {
    let world = surface.world;
    let distance = length(world - frame.eye.xyz);
    let footprint = distance / frame.picture.z;
    let run = 1.0 - smoothstep(4.0, 5.5, abs(world.x));
    let lee = fractal(world.xz * 0.35, 3);

    // Slopes of the fine relief, each octave only where a pixel is finer than it.
    var tilt = vec2<f32>(0.0);
    var scale = 0.8;
    var height = 0.06;
    for (var octave = 0; octave < 5; octave++) {
        let seen = 1.0 - smoothstep(0.12, 0.5, footprint * scale);
        let rough = mix(1.0, 0.55, run);
        tilt += noise_slope(world.xz * vec2<f32>(scale, scale * 0.8) + f32(octave) * 7.7).yz * height * scale * seen * rough;
        scale *= 2.3;
        height *= 0.40;
    }
    let ridge = world.x / 0.11 + 0.5 * fractal(world.xz * vec2<f32>(1.5, 0.3), 2);
    let groomed = run * smoothstep(0.32, 0.55, fractal(world.xz * vec2<f32>(0.5, 0.25) + 9.0, 3));
    tilt.x += 0.11 * sin(ridge * 6.2832) * groomed * (1.0 - smoothstep(0.08, 0.3, footprint / 0.11));

    let old = old_tracks(world);
    let own = own_track(world);
    tilt.x += 0.30 * old.y + 0.65 * own.y;
    tilt *= 1.0 - 0.6 * own.x;

    let up = normalize(surface.normal);
    let normal = normalize(up - vec3<f32>(tilt.x, 0.0, tilt.y));
    // Light goes some way through snow: its terminator is soft.
    let facing = (dot(normal, frame.to_sun.xyz) + 0.12) / 1.12;
    let sun = max(facing, 0.0) * sunlight(world, up, 2.2);
    var albedo = vec3<f32>(0.89, 0.91, 0.94) * (0.95 + 0.20 * (lee - 0.45));
    albedo *= 1.0 - 0.05 * old.x - 0.10 * own.x;
    // The shapers' blue line over the lip.
    let line = smoothstep(-0.42, -0.36, world.z) * (1.0 - smoothstep(-0.20, -0.14, world.z)) * (1.0 - smoothstep(1.55, 1.65, abs(world.x)));
    albedo = mix(albedo, vec3<f32>(0.10, 0.32, 0.75), line * 0.75);
    let color = albedo * (SUN * sun * 0.77 + ambient(normal) * 0.92);
    return tone(with_haze(color, world));
}
