#pragma once

/// The version, as `0.1.0`; what is not built by `make` has none.
const char *release_version(void);

/// The digest of the image that belongs to it, as `@sha256:…`; empty where none was released.
const char *release_image_digest(void);
