using System.Diagnostics;
using System.Globalization;
using System.Runtime.ExceptionServices;
using TorchLm.Core;
using TorchLm.Tokenizers;

namespace TorchLm.Tests.Support;

/// <summary>
/// Gives a reader damaged files, of which each must be read or refused in one sentence: no other exception, no hang, no memory beyond what the file justifies.
/// </summary>
/// <remarks>
/// A failure names the seed of its file. TORCHLM_FUZZ_SEED is the first seed (0), TORCHLM_FUZZ_COUNT how many files each reader gets, for a long search.
/// </remarks>
internal static class Fuzzer
{
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(60);

    private static readonly int s_firstSeed = Number("TORCHLM_FUZZ_SEED") ?? 0;

    private static readonly int? s_count = Number("TORCHLM_FUZZ_COUNT");

    /// <summary>Lets a reader read damaged files.</summary>
    /// <param name="reader">What it is called in the message of a failure.</param>
    /// <param name="count">How many files where the environment does not say.</param>
    /// <param name="damage">Makes the file of a seed.</param>
    /// <param name="read">Reads one, checks what it got, and lets a refusal through.</param>
    /// <param name="leastRefused">The share that must be refused, or the damage is none.</param>
    /// <param name="memory">Managed bytes that any file may take; 300 for each byte of it are added.</param>
    public static void Run(string reader, int count, Func<int, byte[]> damage, Action<byte[]> read, double leastRefused = 0.1, long memory = 4 << 20)
    {
        count = s_count ?? count;
        int done = 0, refused = 0;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                for (; done < count; done++) if (IsRefused(reader, s_firstSeed + done, damage, read, memory)) refused++;
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        }) { IsBackground = true };
        thread.Start();
        for (int seen = -1; !thread.Join(s_longest); seen = Volatile.Read(ref done))
        {
            Assert.False(seen == Volatile.Read(ref done), $"{reader}, seed {s_firstSeed + seen}: it takes more than {s_longest.TotalSeconds:0} s.");
        }
        failure?.Throw();
        Assert.InRange(refused, (int)(leastRefused * count), count);
    }

    private static bool IsRefused(string reader, int seed, Func<int, byte[]> damage, Action<byte[]> read, long memory)
    {
        byte[] file = damage(seed);
        long start = Stopwatch.GetTimestamp(), before = GC.GetAllocatedBytesForCurrentThread();
        string? sentence = null;
        try
        {
            read(file);
        }
        catch (Exception e) when (e is InputException or TokenizerException)
        {
            sentence = e.Message;
        }
        catch (Exception e)
        {
            Assert.Fail($"{reader}, seed {seed}: {e}");
        }
        long taken = GC.GetAllocatedBytesForCurrentThread() - before, allowed = memory + 300L * file.Length;
        Assert.True(taken <= allowed, $"{reader}, seed {seed}: {taken:N0} bytes of memory for a file of {file.Length:N0}; {allowed:N0} are allowed.");
        Assert.True(Stopwatch.GetElapsedTime(start) < s_longest, $"{reader}, seed {seed}: {Stopwatch.GetElapsedTime(start).TotalSeconds:0} s.");
        if (sentence is null) return false;
        Assert.True(sentence.TrimEnd() is [.., '.' or '?'] , $"{reader}, seed {seed}: no sentence: {sentence}");
        return true;
    }

    private static int? Number(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;
}
