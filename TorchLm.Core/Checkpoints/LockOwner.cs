using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace TorchLm.Core.Checkpoints;

/// <summary>The process that holds a run's folder, as it says of itself in run.lock.</summary>
/// <param name="Pid">Its number.</param>
/// <param name="Host">The machine that it runs on.</param>
/// <param name="Started">When it took the folder, in UTC.</param>
/// <param name="Command">Its command line, for people who read the file.</param>
/// <param name="Nonce">Random: tells this hold from all others.</param>
public sealed record LockOwner(int Pid, string Host, DateTime Started, string Command, string Nonce)
{
    /// <summary>No owner's text is as long as this; a file that is longer is somebody else's.</summary>
    internal const int MaximumBytes = 8192;

    private const int MaximumCommand = 1000, MaximumHost = 255;

    private static readonly JsonSerializerOptions s_json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, WriteIndented = true };

    /// <summary>A process's own start time and the time that it writes come from two clocks that agree to about a hundredth of a second.</summary>
    private static readonly TimeSpan s_clockTolerance = TimeSpan.FromSeconds(2);

    /// <summary>Whether it runs, or ran, on this machine.</summary>
    [JsonIgnore]
    public bool IsOnThisHost => Host == Environment.MachineName;

    /// <summary>The time at which it began, as people read it.</summary>
    [JsonIgnore]
    public string Since => Started.ToUniversalTime().ToString("u", CultureInfo.InvariantCulture);

    /// <summary>This process, taking a folder now.</summary>
    internal static LockOwner Current()
    {
        string command = Environment.CommandLine, nonce = Guid.NewGuid().ToString("N");
        return new LockOwner(Environment.ProcessId, Environment.MachineName, DateTime.UtcNow, command.Length <= MaximumCommand ? command : command[..MaximumCommand], nonce);
    }

    /// <summary>
    /// Whether such a process is alive on this machine: one of its number that had started when the folder was taken. A younger one got the number
    /// from the system later and is somebody else.
    /// </summary>
    internal bool IsAlive()
    {
        if (!IsOnThisHost) return false;
        try
        {
            using var process = Process.GetProcessById(Pid);
            return process.StartTime.ToUniversalTime() - s_clockTolerance <= Started.ToUniversalTime();
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            return false; // there is none, or it has just ended
        }
        catch (Win32Exception)
        {
            return true; // there is one, and the system does not tell us about it
        }
    }

    /// <summary>The owner as the file's text.</summary>
    internal byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, s_json);

    /// <summary>What a file says; null where it is empty, half-written or not an owner's.</summary>
    internal static LockOwner? Parse(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return JsonSerializer.Deserialize<LockOwner>(bytes, s_json) is { Pid: > 0, Host: { Length: > 0 and <= MaximumHost }, Nonce.Length: > 0 } owner ? owner : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
