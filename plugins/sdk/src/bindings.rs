//! What wit-bindgen makes from `wit/v0.1`: one part for each interface, for a component exports only what it has.
//!
//! A world holds all of its exports or cannot be linked, so each interface has a world of its own here;
//! the linker joins those that `export!` names. The types are made once.

#![allow(missing_docs, clippy::pedantic, clippy::unwrap_used, reason = "generated")]

pub mod about {
    wit_bindgen::generate!({
        path: "../../wit/v0.1",
        inline: "
            package driftline:sdk;
            world about-part {
                import driftline:plugin/logging@0.1.0;
                export driftline:plugin/about@0.1.0;
            }
        ",
        world: "driftline:sdk/about-part",
        generate_all,
        generate_unused_types: true,
        pub_export_macro: true,
        export_macro_name: "export_about",
        default_bindings_module: "driftline_plugin::bindings::about",
    });
}

pub mod record_check {
    wit_bindgen::generate!({
        path: "../../wit/v0.1",
        inline: "
            package driftline:sdk;
            world record-check-part { export driftline:plugin/record-check@0.1.0; }
        ",
        world: "driftline:sdk/record-check-part",
        with: { "driftline:plugin/types@0.1.0": crate::bindings::about::driftline::plugin::types },
        pub_export_macro: true,
        export_macro_name: "export_record_check",
        default_bindings_module: "driftline_plugin::bindings::record_check",
    });
}

pub mod drift_test {
    wit_bindgen::generate!({
        path: "../../wit/v0.1",
        inline: "
            package driftline:sdk;
            world drift-test-part { export driftline:plugin/drift-test@0.1.0; }
        ",
        world: "driftline:sdk/drift-test-part",
        with: { "driftline:plugin/types@0.1.0": crate::bindings::about::driftline::plugin::types },
        pub_export_macro: true,
        export_macro_name: "export_drift_test",
        default_bindings_module: "driftline_plugin::bindings::drift_test",
    });
}

pub mod metric {
    wit_bindgen::generate!({
        path: "../../wit/v0.1",
        inline: "
            package driftline:sdk;
            world metric-part { export driftline:plugin/metric@0.1.0; }
        ",
        world: "driftline:sdk/metric-part",
        with: { "driftline:plugin/types@0.1.0": crate::bindings::about::driftline::plugin::types },
        pub_export_macro: true,
        export_macro_name: "export_metric",
        default_bindings_module: "driftline_plugin::bindings::metric",
    });
}

pub(crate) use about::driftline::plugin::types;
