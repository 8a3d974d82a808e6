namespace QMoi.Handlers.Tools;

/// <summary>What to tell the person who runs the bot when a tool is missing on its machine.</summary>
internal static class ToolHints
{
    public static string HowToGet(string program) => program switch
    {
        _ when program.Contains('/', StringComparison.Ordinal) => $"The repository has no runnable {program}.",
        "node" or "npm" or "npx" => "Install Node.js, which brings npm, on the machine that runs the bot.",
        "yarn" or "pnpm" or "corepack" => $"Install it with `npm install --global {program}` on the machine that runs the bot.",
        "prettier" or "eslint" => $"Install it with `npm install --global {program}` on the machine that runs the bot.",
        "ruff" or "black" or "isort" or "autopep8" or "poetry" or "uv" or "pipenv" or "pre-commit" => $"Install it with `pipx install {program}` on the machine that runs the bot.",
        "python" or "python3" or "pip" or "pip3" => "Install Python 3 on the machine that runs the bot.",
        "dotnet" => "Install the .NET SDK on the machine that runs the bot.",
        "go" or "gofmt" => "Install Go on the machine that runs the bot.",
        "cargo" or "rustfmt" or "rustc" => "Install Rust with its cargo and rustfmt on the machine that runs the bot.",
        "bundle" or "bundler" or "rubocop" => "Install Ruby and `gem install bundler rubocop` on the machine that runs the bot.",
        "terraform" or "tofu" => $"Install {program} on the machine that runs the bot.",
        "composer" => "Install PHP and Composer on the machine that runs the bot.",
        "mvn" or "gradle" => $"Install a JDK and {program} on the machine that runs the bot.",
        "clang-format" => "Install the package clang-format on the machine that runs the bot.",
        _ => $"Install {program} on the machine that runs the bot and put it on its PATH.",
    };
}
