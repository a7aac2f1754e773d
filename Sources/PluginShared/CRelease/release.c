#include "release.h"

#ifndef RELEASE_VERSION
#define RELEASE_VERSION "0.0.0"
#endif
#ifndef RELEASE_IMAGE_DIGEST
#define RELEASE_IMAGE_DIGEST ""
#endif

const char *release_version(void) { return RELEASE_VERSION; }

const char *release_image_digest(void) { return RELEASE_IMAGE_DIGEST; }
