//! The fuzz targets' shared part: what must hold for every input.

pub mod checks;
pub mod links;
pub mod telecontrol;
