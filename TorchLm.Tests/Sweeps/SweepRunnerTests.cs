using TorchLm.Train.Sweeps;

namespace TorchLm.Tests.Sweeps;

/// <summary>Which trials a sweep makes, in which order, and what becomes of their results; no training.</summary>
public sealed class SweepRunnerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeTrials _trials = new();
    private readonly List<string> _said = [];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Candidates_are_ranked_by_their_mean_over_seeds()
    {
        _trials.Loss = (trial, _) => (trial.Candidate.Number, trial.Seed) switch { (1, 1337) => 1.0, (1, _) => 5.0, (2, _) => 2.0, _ => 2.5 };
        IReadOnlyList<CandidateResult> results = Run(SweepPlanTests.Plan(["model.dropout=0,0.1,0.2"]) with { Seeds = 2 });
        Assert.Equal([2, 3, 1], results.Select(r => r.Candidate.Number));
        Assert.Equal(3.0, results[2].Mean!.Value, 12);
        Assert.Equal(Math.Sqrt(8), results[2].Deviation!.Value, 12); // of 1 and 5: the squares of 2, twice, over one
        Assert.Equal(6, _trials.Made.Count);
    }

    [Fact]
    public void The_worse_half_is_given_up_and_the_rest_goes_on()
    {
        _trials.Loss = (trial, _) => 10 - trial.Candidate.Number;
        SweepPlan plan = SweepPlanTests.Plan(["model.dropout=0,0.1,0.2,0.3"], ["training.steps=80",
            "training.evalInterval=20"]) with { Halving = true };
        IReadOnlyList<CandidateResult> results = Run(plan);
        Assert.Equal(["trial-01 to 20", "trial-02 to 20", "trial-03 to 20", "trial-04 to 20", "trial-04 to 40", "trial-03 to 40",
            "trial-04 to end"], _trials.Made);
        Assert.Equal([4, 3, 2, 1], results.Select(r => r.Candidate.Number));
        Assert.Equal([null, 40L, 20, 20], results.Select(r => r.Steps));
    }

    [Fact]
    public void A_failure_is_kept_with_its_reason_and_the_rest_is_made()
    {
        _trials.Failure = trial => trial.Candidate.Number == 1 ? "training diverged" : null;
        SweepPlan plan = SweepPlanTests.Plan(["model.dropout=0,0.1"]);
        IReadOnlyList<CandidateResult> results = Run(plan);
        Assert.Equal([2, 1], results.Select(r => r.Candidate.Number));
        Assert.Equal(["training diverged"], results[1].Failures);
        Assert.Null(results[1].Mean);
        Assert.Contains(_said, line => line.Contains("failed: training diverged", StringComparison.Ordinal));
        _trials.Made.Clear();
        Assert.Equal([2, 1], Run(plan).Select(r => r.Candidate.Number)); // from what was kept
        Assert.Empty(_trials.Made);
    }

    [Fact]
    public void What_is_interrupted_goes_on_with_what_is_not_done()
    {
        SweepPlan plan = SweepPlanTests.Plan(["model.dropout=0,0.1,0.2"]);
        using var cancel = new CancellationTokenSource();
        _trials.Failure = trial =>
        {
            if (trial.Candidate.Number != 2) return null;
            cancel.Cancel();
            throw new OperationCanceledException();
        };
        Assert.ThrowsAny<OperationCanceledException>(() => Run(plan, cancel: cancel.Token));
        Assert.Equal(["trial-01 to end", "trial-02 to end"], _trials.Made);
        _trials.Made.Clear();
        _trials.Failure = _ => null;
        Run(plan);
        Assert.Equal(["trial-02 to end", "trial-03 to end"], _trials.Made);
    }

    [Fact]
    public void Each_device_makes_one_trial_at_a_time_and_all_are_used()
    {
        _trials.Delay = TimeSpan.FromMilliseconds(30);
        Run(SweepPlanTests.Plan(["model.layerCount=1,2,3,4,5,6"]), ["cuda:0", "cuda:1"]);
        Assert.Equal(6, _trials.Made.Count);
        Assert.Equal(["cuda:0", "cuda:1"], _trials.Devices.Distinct().Order());
        Assert.False(_trials.SharedADevice);
    }

    private IReadOnlyList<CandidateResult> Run(SweepPlan plan, string[]? devices = null, CancellationToken cancel = default) =>
        new SweepRunner(plan, devices ?? ["cpu"], _trials, new TrialRecords(_folder.Path), _trials.Progress, _said.Add).Run(cancel);

    private sealed class FakeTrials : ITrialRunner
    {
        private readonly Dictionary<string, double> _losses = [];
        private readonly HashSet<string> _busy = [];

        public Func<SweepTrial, long?, double> Loss { get; set; } = (_, _) => 1;
        public Func<SweepTrial, string?> Failure { get; set; } = _ => null;
        public TimeSpan Delay { get; set; }
        public List<string> Made { get; } = [];
        public List<string> Devices { get; } = [];
        public bool SharedADevice { get; private set; }

        public string? Run(SweepTrial trial, long? steps, string device, CancellationToken cancel)
        {
            lock (_busy)
            {
                SharedADevice |= !_busy.Add(device);
                Made.Add($"{trial.Name} to {(steps is { } end ? $"{end}" : "end")}");
                Devices.Add(device);
            }
            Thread.Sleep(Delay);
            lock (_busy)
            {
                _busy.Remove(device);
                _losses[trial.Name] = Loss(trial, steps);
            }
            return Failure(trial);
        }

        public TrialProgress Progress(SweepTrial trial)
        {
            lock (_busy) return new TrialProgress(_losses.TryGetValue(trial.Name, out double loss) ? [(1, loss)] : []);
        }
    }
}
