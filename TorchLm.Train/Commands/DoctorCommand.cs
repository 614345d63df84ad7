using System.CommandLine;

namespace TorchLm.Train.Commands;

/// <summary><c>torchlm doctor</c>: what is installed, what will be used, what is wrong.</summary>
internal static class DoctorCommand
{
    public static Command Create() => new("doctor", "Say what is installed, what will be used, and what is wrong.");
}
