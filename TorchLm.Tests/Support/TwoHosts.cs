using System.Diagnostics;

namespace TorchLm.Tests.Support;

/// <summary>
/// Two network namespaces of this machine with a cable between them, which are two hosts as far as MPI can see: each has its own name and address, and
/// they have no way to each other but TCP. Making them takes root.
/// </summary>
internal sealed class TwoHosts : IDisposable
{
    private const string First = "10.77.0.1", Second = "10.77.0.2";

    private readonly string _prefix = $"tl{Environment.ProcessId}";
    private readonly TemporaryFolder _folder = new();

    public TwoHosts()
    {
        if (OperatingSystem.IsWindows()) throw new PlatformNotSupportedException();
        string a = _prefix + "a", b = _prefix + "b";
        Ip("netns", "add", a);
        Ip("netns", "add", b);
        Ip("-n", a, "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", b);
        foreach ((string host, string address) in new[] { (a, First), (b, Second) })
        {
            Ip("-n", host, "addr", "add", $"{address}/24", "dev", "cable");
            Ip("-n", host, "link", "set", "cable", "up");
            Ip("-n", host, "link", "set", "lo", "up");
        }
        // What mpirun calls in the place of ssh: address, then the command.
        string agent = _folder.Write("agent.sh", $"#!/bin/sh\ncase $1 in {First}) h={a};; *) h={b};; esac\nshift\n" +
            "exec ip netns exec $h unshare -u sh -c \"hostname $h; $*\"\n");
        File.SetUnixFileMode(agent, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Agent = agent;
    }

    /// <summary>The second host's name.</summary>
    public string SecondName => _prefix + "b";

    private string Agent { get; }

    /// <summary>Why there can be no such hosts here; null where there can.</summary>
    public static string? Obstacle()
    {
        if (MpiLauncher.Of(MpiLauncher.OpenMpi) is null) return "the mpirun of Open MPI is not installed";
        if (Environment.UserName != "root") return "network namespaces take root";
        try
        {
            string name = $"tltry{Environment.ProcessId}";
            Ip("netns", "add", name);
            Ip("netns", "del", name);
            Run("unshare", "-u", "true");
            return null;
        }
        catch (Exception e) when (e is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return $"network namespaces cannot be made here ({e.Message.Trim()})";
        }
    }

    /// <summary>Starts the real program as one process on each host.</summary>
    public Process Start(params string[] arguments)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "torchlm.dll");
        string[] words =
        [
            MpiLauncher.Of(MpiLauncher.OpenMpi)!.Path, "--allow-run-as-root", "--host", $"{First}:1,{Second}:1", "-np", "2", "--mca", "plm_rsh_agent", Agent,
            "--mca", "pml", "ob1", "--mca", "btl", "tcp,self", "--mca", "btl_tcp_if_include", "cable", "--mca", "oob_tcp_if_include", "cable",
            "-x", "OMP_NUM_THREADS=1", "dotnet", program, .. arguments,
        ];
        var start = new ProcessStartInfo(Agent, [First, string.Join(' ', words.Select(word => $"'{word}'"))])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        return Process.Start(start)!;
    }

    /// <summary>Takes the cable out.</summary>
    public void Cut() => Ip("-n", SecondName, "link", "set", "cable", "down");

    /// <summary>The program's processes on both hosts.</summary>
    public int[] Programs() => [.. new[] { "a", "b" }.SelectMany(host => Run("ip", "netns", "pids", _prefix + host).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        .Select(int.Parse).Where(id => File.Exists($"/proc/{id}/cmdline") && File.ReadAllText($"/proc/{id}/cmdline").StartsWith("dotnet\0", StringComparison.Ordinal))];

    public void Dispose()
    {
        foreach (string host in new[] { "a", "b" })
        {
            foreach (string id in Run("ip", "netns", "pids", _prefix + host).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                try
                {
                    Process.GetProcessById(int.Parse(id)).Kill();
                }
                catch (ArgumentException)
                {
                    // It has ended by itself.
                }
            }
            Ip("netns", "del", _prefix + host);
        }
        _folder.Dispose();
    }

    private static void Ip(params string[] arguments) => Run("ip", arguments);

    private static string Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        string output = process.StandardOutput.ReadToEnd(), errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException(errors);
    }
}

/// <summary>A promise about two hosts, skipped where they cannot be made.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class TwoHostsFactAttribute : FactAttribute
{
    private static readonly Lazy<string?> s_obstacle = new(TwoHosts.Obstacle);

    public TwoHostsFactAttribute() => Skip = s_obstacle.Value;
}
