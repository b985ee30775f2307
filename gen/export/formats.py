"""What build systems want around a library's sources: their metadata, where they look for an example, their words."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Format:
    """A kind of library. {prefix}, {macro}, {example} and {suffix} are filled in: the last is cpp in a library with
    C++, c otherwise."""

    name: str  # for people
    example_path: str  # where the example's source is
    files: Mapping[str, str]  # path in the library -> template
    how: str  # to add it to a project, Markdown
    example: str = "example.c"  # template of the example's source
    entry: str = "main"  # the example's first function


FORMATS: Mapping[str, Format] = {
    "c": Format(
        "",
        "examples/{example}/main.c",
        {"Makefile": "Makefile"},
        "Compile every file below `src/`, with `src/` as the only include directory; or `make` here. `make check` "
        "builds and runs the example.",
    ),
    "arduino": Format(
        "Arduino",
        "examples/{example}/{example}.ino",
        {"library.properties": "library.properties", "keywords.txt": "keywords.txt"},
        "Put this folder into `libraries/` of your sketchbook, or add it zipped (Sketch, Include Library, Add .ZIP "
        "Library). The example is in the menu File, Examples. Before you publish the library, make author, maintainer, "
        "version and url in `library.properties` yours.",
        example="example.ino",
    ),
    "platformio": Format(
        "PlatformIO",
        "examples/{example}/src/main.{suffix}",
        {"library.json": "library.json", "examples/{example}/platformio.ini": "platformio.ini"},
        "Put this folder into `lib/` of your project, or name it in `lib_deps` as `symlink://` and its path. "
        "`pio run -d examples/{example} -t exec` runs the example on your computer.",
    ),
    "esp-idf": Format(
        "ESP-IDF",
        "examples/{example}/main/main.c",
        {
            "CMakeLists.txt": "idf_CMakeLists.txt",
            "idf_component.yml": "idf_component.yml",
            "examples/{example}/CMakeLists.txt": "idf_example_CMakeLists.txt",
            "examples/{example}/main/CMakeLists.txt": "idf_example_main_CMakeLists.txt",
        },
        "Put this folder into `components/` of your project, where a `main` that names no REQUIRES sees it. "
        "`idf.py -C examples/{example} build flash monitor` runs the example.",
        entry="app_main",
    ),
    "zephyr": Format(
        "Zephyr",
        "samples/{example}/src/main.c",
        {
            "zephyr/module.yml": "zephyr_module.yml",
            "zephyr/CMakeLists.txt": "zephyr_CMakeLists.txt",
            "zephyr/Kconfig": "zephyr_Kconfig",
            "samples/{example}/CMakeLists.txt": "zephyr_sample_CMakeLists.txt",
            "samples/{example}/prj.conf": "zephyr_prj.conf",
            "samples/{example}/sample.yaml": "zephyr_sample.yaml",
        },
        "Add this folder to `ZEPHYR_EXTRA_MODULES` or to your west manifest, and `CONFIG_{macro}_MODEL=y` to "
        "`prj.conf`. `west build -b BOARD samples/{example}` builds the example.",
    ),
    "cmake": Format(
        "CMake",
        "examples/{example}/main.c",
        {"CMakeLists.txt": "CMakeLists.txt"},
        "`add_subdirectory()` this folder, or install it and `find_package({prefix})`; then link "
        "`{prefix}::{prefix}`. Configured by itself, it builds the example, and `ctest` runs it.",
    ),
}
