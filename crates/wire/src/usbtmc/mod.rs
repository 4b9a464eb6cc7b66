//! USBTMC.
