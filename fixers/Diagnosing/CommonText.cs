using System.Text;

namespace QMoi.Fixers.Diagnosing;

/// <summary>Knows what stands in healthy job logs all the time, so that a text is looked for by the part of it that does not.</summary>
internal static class CommonText
{
    // Not a sample of any log: words, names and marks that runners, package managers, compilers and test runners print on every other line.
    private const string Words =
        "[info] [warn] [error] info warn warning: error: errors: 0, failures: 0, skipped: 0, failed passed tests run: time elapsed: running test testing tests total seconds success successful successfully "
        + "completed complete finished done build building built compile compiling compiled download downloading downloaded from to the and for with in of is not has been will was are on at by as or "
        + "https://repo.maven.apache.org/maven2/org/com/io/net/central: .jar .pom http:// https://registry.npmjs.org/ github.com/ /home/runner/work/ /builds/ /usr/lib/ /usr/local/ src/main/java src/test/ target/classes node_modules/ "
        + "package packages install installing installed collecting using cached requirement already satisfied: site-packages python3 python version resolve resolving fetch fetching unpacking setting up selecting previously unselected "
        + "file files module modules import line lines path name type value function class object string index config default option options set export import include output input process step stage job section "
        + "docker image layer pull pulling push sha256: digest: status: cache restore save key found checking check create created update updated remove removed start started stop starting stopped "
        + "2024-01-01t00:00:00.0000000z 2025 2026 00:00 100% kb/s mb/s at (.java .js .ts .py .go .rb .cpp .cs .so .dll .o -o -c -I -std=c++ -wall -o2 gcc g++ clang cmake make[1]: entering leaving directory "
        + "##[group]run ##[endgroup] section_start: section_end: \u001b[32;1m$ \u001b[0;m \u001b[0k ok  pass --- === ... >>> <<< *** :: // \\ -- == => -> ## could exception message result expected actual assert cannot "
        + "-wextra -wformat -werror -wformat-security -pedantic -fpic -g -dndebug include/ extra parser parse header errors client server core scheduler handled requests request response retry logging service billing users "
        + "notice deprecated unused modified created copied written generated loaded resolved matched reused fetched remote local origin branch commit merge main master release version= name= id= url= "
        + "npm yarn pip maven gradle cargo dotnet docker node java ruby rust golang typescript javascript react webpack babel eslint jest pytest junit spring apache google microsoft amazon python";

    private static readonly HashSet<uint> Common = Grams(Words);

    /// <summary>True where each part of the text stands in healthy logs.</summary>
    internal static bool IsCommon(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        for (var at = 0; at + sizeof(uint) <= bytes.Length; at++)
        {
            if (!Common.Contains(Gram(bytes.AsSpan(at))))
                return false;
        }

        return true;
    }

    /// <summary>Where the window of <paramref name="length"/> bytes begins that is rarest in logs.</summary>
    /// <param name="crowd">How many texts have been entered under a window already.</param>
    internal static int RarestWindow(ReadOnlySpan<byte> text, int length, Func<uint, int> crowd)
    {
        var (best, bestCost) = (0, int.MaxValue);
        for (var start = 0; start + length <= text.Length; start++)
        {
            var cost = 0;
            for (var at = start; at + sizeof(uint) <= start + length; at++)
                cost += (Common.Contains(Gram(text[at..])) ? 100 : 0) + (5 * crowd(Gram(text[at..])));

            foreach (var symbol in text.Slice(start, length))
                cost += CostOf(symbol);

            if (cost < bestCost)
                (best, bestCost) = (start, cost);
        }

        return best;
    }

    private static int CostOf(byte symbol) => (char)(symbol | 0x20) switch
    {
        ' ' or 'e' => 6,
        't' or 'a' or 'i' or 'n' or 'o' or 's' or 'r' or '0' or '/' or '.' => 5,
        'l' or 'c' or 'd' or 'u' or 'm' or 'p' or '1' or '2' or '-' or ':' => 4,
        'h' or 'g' or 'f' or 'b' => 3,
        'y' or 'w' or 'v' or 'k' => 2,
        _ => 1,
    };

    private static HashSet<uint> Grams(string words)
    {
        var bytes = Encoding.UTF8.GetBytes(words);
        var grams = new HashSet<uint>(bytes.Length);
        for (var at = 0; at + sizeof(uint) <= bytes.Length; at++)
            grams.Add(Gram(bytes.AsSpan(at)));

        return grams;
    }

    private static uint Gram(ReadOnlySpan<byte> text) => System.Runtime.InteropServices.MemoryMarshal.Read<uint>(text) | 0x20202020;
}
