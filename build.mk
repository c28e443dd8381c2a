# How `sam build` makes each artifact: wheels for the Lambda (arm64, Python 3.13), whatever machine
# builds, and only those of our modules the handler imports. boto3 comes with the runtime.

BUILD_PYTHON ?= $(firstword $(wildcard .venv-sam/bin/python .venv/bin/python) python3)

# Amazon Linux 2023 has glibc 2.34, so every older tag runs there.
LAMBDA_WHEELS = --only-binary=:all: --implementation cp --python-version 3.13 \
	--platform manylinux2014_aarch64 --platform manylinux_2_17_aarch64 \
	--platform manylinux_2_28_aarch64 --platform manylinux_2_34_aarch64

define artifact
	$(BUILD_PYTHON) -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes \
		$(LAMBDA_WHEELS) --requirement requirements/$(2).txt --target "$(ARTIFACTS_DIR)"
	rm -rf "$(ARTIFACTS_DIR)/bin"
	$(BUILD_PYTHON) tools/closure.py handlers/$(1).py --copy "$(ARTIFACTS_DIR)"
endef

.PHONY: build-ReceiveFunction build-CheckFunction build-RemediateFunction build-ApproveFunction build-CatchUpFunction build-TickFunction build-SweepFunction

build-ReceiveFunction:
	$(call artifact,receive,receive)

build-CheckFunction:
	$(call artifact,check,lambda)

build-RemediateFunction:
	$(call artifact,remediate,lambda)

build-ApproveFunction:
	$(call artifact,approve,receive)

build-CatchUpFunction:
	$(call artifact,catch_up,lambda)

build-SweepFunction:
	$(call artifact,sweep,lambda)

build-TickFunction:
	$(call artifact,tick,receive)
