# SPDX-License-Identifier: Apache-2.0
"""SCons script: the project and its libraries become a program; target exec runs it.

As PlatformIO's, it leaves SCons to choose the linker, by whether a source of the project itself is C++."""

from SCons.Script import AlwaysBuild, Default, DefaultEnvironment

env = DefaultEnvironment()
env.Replace(CC="gcc", CXX="g++")
program = env.BuildProgram()
AlwaysBuild(env.Alias("exec", program, env.VerboseAction('"${SOURCE.abspath}"', "Running")))
Default(program)
