.PHONY: build test fast lint run case replay docs
build:; dotnet build -c Release QMoi.sln --nologo
test:; ./test.sh
fast: build; tests/bin/Release/net10.0/QMoi.Tests -noLogo -trait- "speed=slow"
lint:; dotnet format QMoi.sln --verify-no-changes
run: build; functions/bin/Release/net10.0/qmoi demo
case: build; QMOI_CASE=$(ID)/$(NAME) tests/bin/Release/net10.0/QMoi.Tests -noLogo -class "*Cases*"
replay: build; functions/bin/Release/net10.0/qmoi replay $(DELIVERY)
