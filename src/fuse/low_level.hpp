// libfuse's low-level interface, in the version that this module is written for.
// Protocol: https://libfuse.github.io/doxygen/fuse__lowlevel_8h.html.
#pragma once

#define FUSE_USE_VERSION 312
#include <fuse_lowlevel.h>
