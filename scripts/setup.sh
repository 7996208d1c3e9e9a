# Sourced by the other scripts: what moeflow needs to build and to run, and how
# to get it with apt. Nothing is installed that is there already; where all is
# there, apt is not called.

say() { printf 'moeflow: %s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

# version_below A B: whether version A is lower than B.
version_below() {
	[ "$1" != "$2" ] && [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]
}

# need_go checks that Go is there, new enough or able to fetch what it needs.
need_go() {
	local wanted have
	wanted=$(awk '$1 == "go" { print $2; exit }' go.mod)
	command -v go >/dev/null 2>&1 ||
		die "Go is not installed (no 'go' in PATH): install Go $wanted or later from https://go.dev/dl"
	# Outside the module, or an older Go would start to fetch a newer one here.
	have=$(cd / && go env GOVERSION 2>/dev/null | sed 's/^go//; s/[^0-9.].*//') || have=
	[ -n "$have" ] || have=$(cd / && go version | awk '{ print $3 }' | sed 's/^go//; s/[^0-9.].*//')
	if version_below "$have" "$wanted"; then
		if version_below "$have" 1.21 || [ "$(cd / && go env GOTOOLCHAIN)" = local ]; then
			die "Go $have is too old: install Go $wanted or later from https://go.dev/dl (from 1.21 on, Go fetches that by itself unless GOTOOLCHAIN=local)"
		fi
		say "Go $have will fetch Go $wanted"
	fi
}

has_c_compiler() { command -v "${CC:-gcc}" >/dev/null 2>&1; }

has_c_headers() {
	has_c_compiler && printf '#include <stdlib.h>\n' | "${CC:-gcc}" -E -x c - >/dev/null 2>&1
}

# has_certificates: what Go's module downloads are checked against.
has_certificates() {
	[ -n "${SSL_CERT_FILE:-}${SSL_CERT_DIR:-}" ] || [ -s /etc/ssl/certs/ca-certificates.crt ] ||
		[ -s /etc/pki/tls/certs/ca-bundle.crt ] || [ -s /etc/ssl/ca-bundle.pem ]
}

has_vulkan_loader() {
	# Not grep -q: that would end ldconfig by a broken pipe.
	PATH="$PATH:/sbin:/usr/sbin" ldconfig -p 2>/dev/null | grep 'libvulkan\.so\.1' >/dev/null
}

# vulkan_drivers lists the manifests of installed Vulkan drivers.
vulkan_drivers() {
	local named=${VK_DRIVER_FILES:-${VK_ICD_FILENAMES:-}}
	if [ -n "$named" ]; then
		printf '%s\n' "$named" | tr ':' '\n'
		return
	fi
	local dir
	for dir in /etc/vulkan/icd.d /usr/local/share/vulkan/icd.d /usr/share/vulkan/icd.d "${XDG_DATA_HOME:-${HOME:-/nonexistent}/.local/share}/vulkan/icd.d"; do
		[ -d "$dir" ] && find "$dir" -name '*.json'
	done
	return 0
}

has_nvidia_driver() {
	[ -e /proc/driver/nvidia/version ] || { command -v nvidia-smi >/dev/null 2>&1 && nvidia-smi -L >/dev/null 2>&1; }
}

# has_driver: any Vulkan driver will do, and a machine with NVIDIA's gets no
# second one.
has_driver() {
	[ -n "$(vulkan_drivers)" ] && return 0
	has_nvidia_driver || return 1
	say "warning: NVIDIA's driver is here but no Vulkan manifest of it (nvidia_icd.json under /usr/share/vulkan/icd.d or /etc/vulkan/icd.d): install the driver's GL and Vulkan libraries, or in a container allow the 'graphics' capability"
}

has_validation_layers() {
	local dir
	for dir in /usr/share/vulkan /etc/vulkan /usr/local/share/vulkan "${VULKAN_SDK:-/nonexistent}/share/vulkan" "${VULKAN_SDK:-/nonexistent}/etc/vulkan"; do
		[ -e "$dir/explicit_layer.d/VkLayer_khronos_validation.json" ] && return 0
	done
	[ -n "${VK_LAYER_PATH:-}" ]
}

# need_packages [validation]: installs what is missing.
need_packages() {
	[ "$(uname -s)" = Linux ] || return 0
	local missing=()
	has_c_compiler || missing+=(gcc)
	has_c_headers || missing+=(libc6-dev)
	has_certificates || missing+=(ca-certificates)
	has_vulkan_loader || missing+=(libvulkan1)
	has_driver || missing+=(mesa-vulkan-drivers)
	[ "${1:-}" != validation ] || has_validation_layers || missing+=(vulkan-validationlayers)
	[ "${#missing[@]}" -gt 0 ] || return 0

	local list="${missing[*]}"
	command -v apt-get >/dev/null 2>&1 ||
		die "missing: $list. These are Debian's names and there is no apt-get here: install the same with your package manager (a C compiler, the C headers, the Vulkan loader, a Vulkan driver, Vulkan's validation layers)"
	local as_root=()
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null 2>&1 || die "missing: $list. Run as root: apt-get install $list"
		as_root=(sudo)
	fi
	say "installing $list"
	"${as_root[@]}" apt-get update -qq >&2 || die "apt-get update failed, so these are still missing: $list"
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" >&2 ||
		die "apt-get could not install: $list"
}
