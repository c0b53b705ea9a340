# make run    sets everything up and starts the station; make run PHOTOS=folder judges photographs instead
# make demo   starts a station with an invented month in it, in build/demo
# make test   runs the tests, make coverage measures what they reach; make setup only prepares them
#             make lint, make types, make bench and make fuzz check the rest; make clean removes what these made
PYTHON ?= python3
PHOTOS ?=
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin

# A stamp carries the content of the locks and the Python it was made with: nothing is installed twice, nothing stale is
# kept, and a checkout that only touches files costs nothing.
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
SERVE := $(VENV)/.serve-$(VERSION)-$(shell cat requirements/serve.txt requirements/build.txt pyproject.toml | cksum | tr ' ' '-')
DEV := $(VENV)/.dev-$(VERSION)-$(shell cat requirements/dev.txt pyproject.toml | cksum | tr ' ' '-')
# uv, itself locked, installs the locks in parallel and shows how far it is; pip, which knows every setting of an unusual
# network, does what uv could not. --no-config: the constraints in pyproject.toml are for resolving, and the locks are.
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
install = $(BIN)/uv pip install --no-config --python $(BIN)/python $(1) || { echo "uv could not; pip tries ..."; $(PIP) $(1); }
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --custom-compile-command 'make lock'
CPU := echo "tensorflow-cpu>=2.20; sys_platform == 'linux' and platform_machine == 'x86_64'"

.PHONY: run demo setup test coverage lint types bench fuzz lock clean docs pictures sbom notices python
.DEFAULT_GOAL := run

# Exit codes 1 (something unfit) and 2 (something to review) are answers, not failures; anything else is one.
run: $(SERVE)
ifeq ($(PHOTOS),)
	@exec $(BIN)/vistobueno serve $(ARGS)
else
	@$(BIN)/vistobueno inspect "$(PHOTOS)" $(ARGS); code=$$?; \
	case $$code in 0|1|2) exit 0;; *) exit $$code;; esac
endif

demo: $(SERVE)
	@DATA_DIR=build/demo exec $(BIN)/vistobueno demo --serve $(ARGS)

setup: $(DEV)

# All cores; a file stays in one process, since what it sets up once (a server, a model) is dear. Python keeps what it
# compiles, whatever the environment says: the tests start it hundreds of times.
test coverage: export PYTHONDONTWRITEBYTECODE =
test: $(DEV)
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

# Branches of src, in the servers that the tests start too; under the share in pyproject.toml it fails.
coverage: $(DEV)
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder --cov --cov-report=term:skip-covered $(ARGS)

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

# The browser's modules too, as they are written: their types stand in comments.
types: $(DEV)
	$(BIN)/mypy
	npx --yes --package typescript@5.9.3 tsc --project src/vistobueno/web/field/jsconfig.json

bench: $(DEV)
	$(BIN)/python benchmarks/run.py $(ARGS)

# Ten minutes; ARGS=--smoke for seconds, ARGS="--target zips --seed 7 --count 1" for one input.
fuzz: $(DEV)
	$(BIN)/python fuzz/run.py $(ARGS)

# The serving lock is held to the development lock's versions, so that what is tested is what serves.
lock: $(DEV)
	$(CPU) | $(LOCK) pyproject.toml - --all-extras $(if $(UPGRADE),--upgrade) -o requirements/dev.txt
	$(LOCK) pyproject.toml -c requirements/dev.txt -o requirements/serve.txt
	[ -f requirements/traces.txt ] || cp requirements/serve.txt requirements/traces.txt  # uv keeps what is there where it can
	$(LOCK) pyproject.toml --extra traces -c requirements/dev.txt -o requirements/traces.txt
	for extra in docs tools; do $(BIN)/python -c 'import sys, tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"][sys.argv[1]], sep="\n")' $$extra | \
	  $(LOCK) - -c requirements/dev.txt -o requirements/$$extra.txt || exit 1; done
	$(CPU) | $(subst --universal,--python-platform x86_64-manylinux_2_28,$(LOCK)) pyproject.toml - --extra train -c requirements/dev.txt -o requirements/train.txt
	for tool in hatchling:build uv:uv; do echo $${tool%:*} | $(LOCK) - -c requirements/dev.txt -o requirements/$${tool#*:}.txt || exit 1; done

# The pictures of the README, of a station that runs: needs Chromium.
pictures: $(DEV)
	$(BIN)/python docs/pictures.py

# The documents' site, in build/docs; with the screenshots that the tests in a browser left, where they did.
docs: $(DEV)
	$(BIN)/python docs/build.py $(ARGS)

# What serving installs, as CycloneDX, from an environment that holds nothing else.
sbom: $(DEV)
	$(PYTHON) -m venv --clear build/serving && build/serving/bin/pip install --quiet --require-hashes -r requirements/serve.txt
	$(BIN)/cyclonedx-py environment build/serving --pyproject pyproject.toml --output-file build/vistobueno.cdx.json

notices: $(DEV)
	$(BIN)/python deploy/notices.py > THIRD_PARTY_NOTICES.md

clean:
	rm -rf $(VENV) build dist .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(SERVE): | python
	@[ -e "$$(echo $(VENV)/.dev-$(VERSION)-*)" ] || echo "Installing what serving needs (once) ..."
	@$(call install,--require-hashes -r requirements/serve.txt -r requirements/build.txt)
	@$(call install,--no-deps --no-build-isolation -e .)
	@rm -f $(VENV)/.serve-*; touch $@

$(DEV): | python
	@echo "Installing what development needs, TensorFlow included (once) ..."
	@$(call install,--no-deps --require-hashes -r requirements/dev.txt)
	@$(call install,--no-deps --no-build-isolation -e .)
	@rm -f $(VENV)/.dev-*; touch $@

# A Python that will do, and a virtual environment made with it.
python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null || { \
	  echo "Visto Bueno needs Python 3.11, 3.12 or 3.13; '$(PYTHON)' is $$($(PYTHON) --version 2>&1 | head -n 1)."; \
	  echo "Name another: make $(firstword $(MAKECMDGOALS) run) PYTHON=python3.12"; exit 1; } >&2
	@[ "$$($(BIN)/python -c 'import sys, pip; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" = "$(VERSION)" ] || \
	  $(PYTHON) -m venv --clear $(VENV) || { \
	  echo "'$(PYTHON)' cannot make a virtual environment. On Debian and Ubuntu: apt-get install python$(VERSION)-venv"; exit 1; } >&2
	@[ -x $(BIN)/uv ] || $(PIP) --require-hashes -r requirements/uv.txt || echo "uv cannot be had here; pip installs, which takes longer."
