# make demo     take one real video in, transcode, publish and play it back signed, both ways; VIDEO=path takes yours; REPLICAS as below
# make serve    the same system with its page, until Ctrl-C; REPLICAS=3 has three processes encode each video together
# make upload   send a video to make serve: prints its id and a link that plays it; FILE=path
# make token    mint a token for scopes, videos and times: ARGS="--key-file … --scope video:play"
# make test     run all tests
# make words    check spelling, phrases, links and the OpenAPI document
# make faults   plant small faults one at a time and see that tests notice; ONLY="some words" takes those whose titles contain them
# make soak     run the tests that take long
# make bench    measure speed against nginx and the common way; ROWS=sign.warm measures only those rows
# make deploy   pulumi up, secrets, faas-cli up; see docs/deploy.md
# make fsck     check a store for orphans, stuck videos and missing segments; ARGS=--remove repairs what is safe to repair
# make publish  build the two functions as programs, as in their containers
# make version  print the version, from the last tag
# make corpus   ingest every file of DIR and check what is published; ARGS="--format both --play chromium"
# make page     install what the page takes from npm
# make picture  take the documentation's picture of the page, with the page's own test
# make clean    remove artifacts

FUNCTIONS := sign-playlist ingest-video
PROGRAMS := $(FUNCTIONS:%=artifacts/functions/%/Root)
LOCAL := dotnet run --no-build --project local --configuration Release --

.PHONY: help version words demo serve upload local dotnet test faults soak picture bench corpus deploy fsck token publish build page ffmpeg curl chromium load faketime clean
.DELETE_ON_ERROR:

help:
	@sed -n '/^#/!q; s/^# //p' $(firstword $(MAKEFILE_LIST))

# A value from the command line as one word of the shell, whatever is in it: spaces, quotes, $$.
quoted = $(if $(value $1),'$(subst ','\'',$(value $1))')

demo: ffmpeg publish local
	@$(LOCAL) demo $(if $(REPLICAS),--replicas $(REPLICAS) )$(call quoted,VIDEO)

serve: ffmpeg publish page local
	@$(LOCAL) serve $(if $(REPLICAS),--replicas $(REPLICAS)) $(ARGS)

upload: local
	@$(LOCAL) upload $(call quoted,FILE) $(ARGS)

token: local
	@$(LOCAL) token $(ARGS)

test: words ffmpeg curl chromium publish page tests/Page.Tests/node_modules build
	@tests/run.sh --hangdump-timeout 15m --filter-not-trait Category=Soak

# Unknown words that are right go into tests/docs/words.txt.
words: tests/docs/node_modules
	@cd tests/docs && npm test --silent

faults: ffmpeg
	@$(call need,node,nodejs)
	@node tests/faults/run.mjs $(if $(ONLY),"$(ONLY)")

soak: ffmpeg chromium load faketime publish page tests/Page.Tests/node_modules build
	@# 8: a test program without long tests
	@tests/run.sh --hangdump-timeout 2h --filter-trait Category=Soak --ignore-exit-code 8

picture: ffmpeg chromium publish page tests/Page.Tests/node_modules
	@PAGE_PICTURE=$(CURDIR)/artifacts/page.png dotnet test --project tests/Page.Tests --filter-method '*fits_its_width'
	@ffmpeg -v error -y -i artifacts/page.png -vf "split[a][b];[a]palettegen[p];[b][p]paletteuse=dither=none" docs/page.png

deploy: page
	@infra/deploy.sh $(STEP)

fsck:
	@dotnet run --project infra/fsck --configuration Release -- $(ARGS)

bench: ffmpeg load publish
	@dotnet run --project tests/Benchmarks --configuration Release -- $(or $(SCALE),1) $(ROWS)

corpus: ffmpeg page
	@dotnet run --project tests/corpus --configuration Release -- "$(DIR)" $(ARGS)

build: dotnet
	dotnet build Reelseal.slnx --nologo --verbosity quiet

local: dotnet
	@$(call online,dotnet build local --configuration Release --nologo --verbosity quiet,local)

version:
	@dotnet msbuild functions/shared/Shared.csproj -restore -target:MinVer -getProperty:Version -verbosity:quiet

publish: $(PROGRAMS)

# The project is the one csproj in the function's folder, where faas-cli's build finds it in function/.
artifacts/functions/%/Root: FORCE | dotnet
	@if [ ! -x $@ ] || [ -n "$$(find functions/$* functions/shared template Directory.*.props -type f -newer $@ -not -path '*/obj/*' -not -path '*/bin/*' -print -quit)" ]; then \
	  [ -d artifacts/obj ] || echo "The first run compiles everything, which takes some minutes."; \
	  $(call online,dotnet publish template/csharp-httprequest/Root.csproj --nologo --verbosity quiet --configuration Release \
	    -p:FunctionProject="$$(ls $(CURDIR)/functions/$*/*.csproj)" --artifacts-path artifacts/obj/$* --output artifacts/functions/$*,$*) && touch $@ \
	  && echo "published $* $$($(MAKE) --silent version)"; \
	fi

FORCE:

# What the player takes from npm goes beside its own files, because they are served and uploaded as they are.
page: web/player/src/hls/hls.js

web/player/src/hls/hls.js: web/player/package.json web/player/package-lock.json
	@$(call need,npm,npm)
	@cd web/player && $(call online,npm ci --no-audit --no-fund --loglevel error,player) && touch src/hls/hls.js

tests/%/node_modules: tests/%/package-lock.json
	@$(call need,npm,npm)
	@cd $(@D) && $(call online,npm ci --no-audit --no-fund --loglevel error,$*) && touch node_modules

dotnet:
	@dotnet --list-sdks 2>/dev/null | grep -q '^10\.' || { echo "The .NET 10 SDK is missing: https://dotnet.microsoft.com/download/dotnet/10.0" >&2; exit 1; }

ffmpeg:
	@$(call need,ffmpeg,ffmpeg)

load:
	@$(call need,wrk,wrk)
	@$(call need,nginx,nginx-light)

curl:
	@$(call need,curl,curl)

chromium:
	@command -v chromium-browser >/dev/null || $(call need,chromium,chromium)

faketime:
	@$(call need,faketime,faketime)

# online(command,name): runs what may load packages. Where there is no network, one sentence says so.
online = { out=$$($(1) 2>&1) || { \
  echo "$$out" | grep -qE 'NU1301|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT' && out="$(2): its packages cannot be loaded. Is there a network?"; \
  echo "$$out" >&2; exit 1; }; }

# need(command, packages): installs the Debian packages of a missing command, or says in one line what to install.
need = command -v $(1) >/dev/null || { \
  sudo=; [ "$$(id -u)" = 0 ] || sudo="sudo -n"; \
  command -v apt-get >/dev/null && $$sudo true 2>/dev/null && $$sudo apt-get -qq update && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y $(2) >/dev/null; } || { \
  echo "$(1) is missing and cannot be installed from here: install the package $(2) and try again." >&2; exit 1; }

clean:
	rm -rf artifacts
