# SPDX-License-Identifier: Apache-2.0
"""PlatformIO's platform native, as far as the tests need it: the host's compiler, no package."""

from platformio.platform.base import PlatformBase


class NativePlatform(PlatformBase):
    pass
