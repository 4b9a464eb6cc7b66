//! stub
/// stub
pub fn router(_h: crate::runtime::Handle) -> axum::Router {
    axum::Router::new()
}
