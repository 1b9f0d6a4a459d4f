"""The programs of Debian's slim image, besides those of the app's environment. Plain data and pure functions."""

from collections.abc import Collection, Mapping

# /usr/bin of python:3.13-slim-trixie on 2026-11-29 by its Debian packages, without Python and what only root uses.
_SLIM: Mapping[str, str] = {
    "bash": "bash bashbug clear_console rbash",
    "bsdutils": "logger renice script scriptlive scriptreplay wall",
    "coreutils": (
        "[ arch b2sum base32 base64 basename basenc cat chcon chgrp chmod chown cksum comm cp csplit cut date dd df "
        "dir dircolors dirname du echo env expand expr factor false fmt fold groups head hostid id install join link "
        "ln logname ls md5sum mkdir mkfifo mknod mktemp mv nice nl nohup nproc numfmt od paste pathchk pinky pr "
        "printenv printf ptx pwd readlink realpath rm rmdir runcon seq sha1sum sha224sum sha256sum sha384sum "
        "sha512sum shred shuf sleep sort split stat stdbuf stty sum sync tac tail tee test timeout touch tr true "
        "truncate tsort tty uname unexpand uniq unlink users vdir wc who whoami yes"
    ),
    "dash": "dash sh",
    "debianutils": "ischroot run-parts savelog tempfile which which.debianutils",
    "diffutils": "cmp diff diff3 sdiff",
    "findutils": "find xargs",
    "grep": "egrep fgrep grep rgrep",
    "gzip": "gunzip gzexe gzip uncompress zcat zcmp zdiff zegrep zfgrep zforce zgrep zless zmore znew",
    "hostname": "dnsdomainname domainname hostname nisdomainname ypdomainname",
    "libc-bin": "getconf getent iconv ldd locale localedef pldd tzselect zdump",
    "mawk": "awk mawk nawk",
    "ncurses-bin": "captoinfo clear infocmp infotocap reset tabs tic toe tput tset",
    "openssl": "c_rehash openssl",
    "perl-base": "perl",
    "sed": "sed",
    "sysvinit-utils": "pidof",
    "tar": "tar",
    "util-linux": (
        "choom chrt dmesg fallocate findmnt flock getopt hardlink i386 ionice ipcmk ipcrm ipcs linux32 linux64 lsblk "
        "lscpu lsipc lslocks lslogins lsmem lsns mcookie more pager mountpoint namei nsenter partx prlimit rename.ul "
        "rev setarch setpriv setsid setterm su taskset uclampset unshare wdctl whereis x86_64"
    ),
}
SLIM = tuple(name for names in _SLIM.values() for name in names.split())
"""The names of the programs of the slim image."""


def closure(packages: Collection[str], depends: Mapping[str, Collection[str]]) -> set[str]:
    """Packages and all that they depend on.

    Args:
        packages: names of packages.
        depends: the names that each package depends on.
    """
    waiting, reached = list(packages), set[str]()
    while waiting:
        package = waiting.pop()
        if package not in reached:
            reached.add(package)
            waiting += depends.get(package, ())
    return reached
