//! Every shader is valid by itself, and its interface is what the Rust side uploads.

use naga::valid::{Capabilities, ValidationFlags, Validator};

use crate::render::geometry::{BODY_LAYOUT, COLOR_LAYOUT, NORMAL_LAYOUT, POSITION_LAYOUT};
use crate::render::passes::label::PIECE_LAYOUT;
use crate::render::passes::stroke::STROKE_LAYOUT;
use crate::render::passes::video_frame::PictureUniform;
use crate::render::passes::wireframe::CORNER_LAYOUT;
use crate::render::shader::{self, Globals, ShaderSource};

fn parse(source: ShaderSource) -> naga::Module {
    let text = source.text();
    naga::front::wgsl::parse_str(&text)
        .unwrap_or_else(|error| panic!("{}: {}", source.name, error.emit_to_string(&text)))
}

#[test]
fn every_shader_is_valid_without_any_optional_capability() {
    for &source in shader::ALL {
        let module = parse(source);
        let mut validator = Validator::new(ValidationFlags::all(), Capabilities::empty());
        validator.validate(&module).unwrap_or_else(|error| panic!("{}: {error:?}", source.name));
    }
}

/// Name and byte offset of each member of a struct.
fn members(module: &naga::Module, name: &str) -> (Vec<(String, usize)>, usize) {
    let found = module.types.iter().find(|(_, ty)| ty.name.as_deref() == Some(name));
    match found.map(|(_, ty)| &ty.inner) {
        Some(naga::TypeInner::Struct { members, span }) => {
            let named = members.iter().map(|m| (m.name.clone().unwrap_or_default(), m.offset as usize));
            (named.collect(), *span as usize)
        }
        other => panic!("{name}: {other:?}"),
    }
}

macro_rules! assert_mirrors {
    ($module:expr, $wgsl:literal, $ty:ty, [$($field:ident),* $(,)?]) => {
        let ours = vec![$((stringify!($field).to_owned(), std::mem::offset_of!($ty, $field))),*];
        assert_eq!(members(&$module, $wgsl), (ours, size_of::<$ty>()));
    };
}

#[test]
fn uniforms_have_the_layout_of_their_structs() {
    let module = parse(shader::VIDEO_FRAME);
    assert_mirrors!(module, "Globals", Globals, [target_px, layer_origin_px, layer_px, unit_px, surfaces]);
    assert_mirrors!(
        module,
        "Picture",
        PictureUniform,
        [
            size_px,
            offset_px,
            chroma_scale,
            chroma_offset,
            scale,
            byte_weight,
            y_offset,
            y_scale,
            c_scale,
            r_v,
            g_u,
            g_v,
            b_u,
            peak_nits,
            to_red,
            to_green,
            to_blue
        ]
    );
}

/// Location and bytes of each vertex attribute that a shader reads.
fn inputs(module: &naga::Module) -> Vec<(u32, u64)> {
    let mut found = Vec::new();
    let mut add = |ty: naga::Handle<naga::Type>, binding: &Option<naga::Binding>| {
        if let Some(naga::Binding::Location { location, .. }) = binding {
            let bytes = module.types[ty].inner.size(module.to_ctx());
            found.push((*location, u64::from(bytes)));
        }
    };
    let vertex = module.entry_points.iter().find(|entry| entry.stage == naga::ShaderStage::Vertex).unwrap();
    for argument in &vertex.function.arguments {
        add(argument.ty, &argument.binding);
        if let naga::TypeInner::Struct { members, .. } = &module.types[argument.ty].inner {
            for member in members {
                add(member.ty, &member.binding);
            }
        }
    }
    found.sort_unstable();
    found
}

/// Bytes of what a shader reads of an attribute: packed colours come as floats.
fn bytes_read(format: wgpu::VertexFormat) -> u64 {
    match format {
        wgpu::VertexFormat::Unorm8x4 => size_of::<[f32; 4]>() as u64,
        other => other.size(),
    }
}

#[test]
fn vertex_attributes_are_those_that_the_shaders_read() {
    let cases: [(ShaderSource, &[wgpu::VertexBufferLayout<'_>]); 5] = [
        (shader::MESH, &[POSITION_LAYOUT, NORMAL_LAYOUT, BODY_LAYOUT, COLOR_LAYOUT]),
        (shader::WIREFRAME, &[CORNER_LAYOUT, BODY_LAYOUT]),
        (shader::MATTE, &[POSITION_LAYOUT, BODY_LAYOUT]),
        (shader::STROKE, &[STROKE_LAYOUT]),
        (shader::LABEL, &[PIECE_LAYOUT]),
    ];
    for (source, buffers) in cases {
        let mut ours: Vec<_> = buffers
            .iter()
            .flat_map(|buffer| buffer.attributes)
            .map(|attribute| (attribute.shader_location, bytes_read(attribute.format)))
            .collect();
        ours.sort_unstable();
        assert_eq!(inputs(&parse(source)), ours, "{}", source.name);
        for buffer in buffers {
            let bytes: u64 = buffer.attributes.iter().map(|attribute| attribute.format.size()).sum();
            assert!(bytes <= buffer.array_stride, "{}", source.name);
        }
    }
}
