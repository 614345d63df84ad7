using System.CommandLine;
using TorchLm.Train.CommandLine;
using TorchLm.Train.Reporting;

namespace TorchLm.Train.Commands;

/// <summary><c>torchlm doctor</c>: what is installed, what will be used, what is wrong.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        var command = new DocumentedCommand("doctor", "Say what is installed, what will be used, and what is wrong.", ["torchlm doctor"]);
        command.SetAction(_ =>
        {
            foreach ((string name, string value) in SystemFacts.List()) Console.WriteLine($"{name,-14} {value}");
            Console.WriteLine();
            IReadOnlyList<Check> checks = SystemChecks.Run();
            foreach (Check check in checks)
            {
                Console.WriteLine($"{(check.Passed ? "yes" : check.IsEssential ? "NO " : "no ")}  {check.Question}");
                if (!check.Passed) Console.WriteLine("     " + check.Remedy);
            }
            return checks.All(c => c.Passed || !c.IsEssential) ? ExitCode.Done : ExitCode.Failed;
        });
        return command;
    }
}
